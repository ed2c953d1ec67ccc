// The first Ctrl-C asks a run to save and stop; a second one ends the process immediately.
// Read next: Verbs/, where loops check `Interrupt.shared.isRequested` between steps.

import Dispatch
import Foundation
import Synchronization

/// Turns signals into a flag.
///
/// A signal handler may call only a few functions safely. A Dispatch source receives the signal on an ordinary thread
/// instead.
final class Interrupt: Sendable {
  /// The handler of SIGINT (Ctrl-C) and SIGTERM (`kill`, system shutdown).
  static let shared = Interrupt(signals: [SIGINT, SIGTERM])

  /// The exit status that shells report for a command ended by Ctrl-C.
  static let status: Int32 = 130

  private let signals: [Int32]
  private let count = Atomic<Int>(0)
  private let sources = Mutex<[any DispatchSourceSignal]>([])

  init(signals: [Int32]) { self.signals = signals }

  /// Whether a signal has arrived since `watch()`.
  var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Makes signals set the flag instead of ending the process. Only verbs that check the flag should call it.
  func watch() {
    sources.withLock { sources in
      guard sources.isEmpty else { return }
      let isListening = DispatchSemaphore(value: 0)
      sources = signals.map { number in
        // Must precede the source: on Linux, Dispatch installs a handler of its own.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
        // Without @Sendable, the closures would inherit the main actor when called from main.swift, and trap.
        source.setEventHandler { @Sendable [self] in request() }
        source.setRegistrationHandler { @Sendable in isListening.signal() }
        source.activate()
        return source
      }
      // Sources start listening a moment later, on another thread, and signals that arrive before then are lost. One
      // second is ample; if it is exceeded, the worst case is a lost signal.
      for _ in signals { _ = isListening.wait(timeout: .now() + 1) }
    }
  }

  private func request() {
    guard count.add(1, ordering: .relaxed).oldValue > 0 else { return }
    // No cleanup, which could block on the same thing as the first request. Checkpoints are replaced atomically.
    _exit(Self.status)
  }
}
