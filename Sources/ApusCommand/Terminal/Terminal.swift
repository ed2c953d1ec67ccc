// The destination of the tool's output and messages: a terminal with a width, or a file or pipe.
// Read next: ProgressLine.swift.

import Dispatch
import Foundation

/// Standard output, standard error, or a substitute for them in tests.
struct Terminal {
  /// Whether a line can be overwritten.
  var isInteractive: Bool
  /// Whether characters outside ASCII are displayed correctly.
  var showsUnicode: Bool
  /// The current number of columns. It is a function because a window can be resized at any time.
  var width: () -> Int
  var write: (String) -> Void
  /// The time in seconds on a monotonic clock.
  var now: () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}

extension Terminal {
  static var standardOutput: Terminal {
    Terminal(STDOUT_FILENO) { text in
      print(text, terminator: "")
      // Standard output buffers text until a newline, or thousands of characters when it is a pipe.
      fflush(nil)
    }
  }

  /// Standard error, for messages while results go to standard output.
  static var standardError: Terminal {
    Terminal(STDERR_FILENO) { text in try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
  }

  private init(_ descriptor: Int32, write: @escaping (String) -> Void) {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    let encoding = (locale ?? "UTF-8").lowercased().replacingOccurrences(of: "-", with: "")
    self.init(
      isInteractive: isatty(descriptor) == 1 && environment["TERM"] != "dumb",
      showsUnicode: encoding.contains("utf8"),
      width: { Terminal.columns(descriptor) },
      write: write)
  }

  private static func columns(_ descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
