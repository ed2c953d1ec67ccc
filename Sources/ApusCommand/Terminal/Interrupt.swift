// Ctrl-C asks a run to stop where nothing is lost; a second Ctrl-C stops it at once.
// Read next: Verbs/, where loops look at `Interrupt.shared.isRequested` between steps.

import Dispatch
import Foundation
import Synchronization

/// Turns signals into a flag.
///
/// A signal handler may call next to nothing; a Dispatch source gets the signal on an ordinary thread instead.
final class Interrupt: Sendable {
  /// For SIGINT (Ctrl-C) and SIGTERM (`kill`, a system that shuts down).
  static let shared = Interrupt(signals: [SIGINT, SIGTERM])

  /// The status that shells give a command ended by Ctrl-C.
  static let status: Int32 = 130

  private let signals: [Int32]
  private let count = Atomic<Int>(0)
  private let sources = Mutex<[any DispatchSourceSignal]>([])

  init(signals: [Int32]) { self.signals = signals }

  /// Whether a stop was asked for since `watch()`.
  var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// From now on signals set the flag instead of ending the process. Verbs that never look at the flag don't call it.
  func watch() {
    sources.withLock { sources in
      guard sources.isEmpty else { return }
      let isListening = DispatchSemaphore(value: 0)
      sources = signals.map { number in
        // Before the source: on Linux, Dispatch puts a handler of its own in this place.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
        // Without @Sendable the closures would inherit the main actor where this is called from main.swift, and trap.
        source.setEventHandler { @Sendable [self] in request() }
        source.setRegistrationHandler { @Sendable in isListening.signal() }
        source.activate()
        return source
      }
      // Sources begin to listen a moment later, on another thread; until then signals are lost. (A second is a very
      // long time for this; if it isn't enough, the worst is such a loss.)
      for _ in signals { _ = isListening.wait(timeout: .now() + 1) }
    }
  }

  private func request() {
    guard count.add(1, ordering: .relaxed).oldValue > 0 else { return }
    // No clean-up: it could wait for whatever the first request waits for. Checkpoints are renamed into place whole.
    _exit(Self.status)
  }
}
