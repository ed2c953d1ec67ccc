// Where the tool's output goes: a terminal with a width, or a file or pipe.
// Read next: ProgressLine.swift.

import Dispatch
import Foundation

/// Standard output, or a stand-in for it in tests.
struct Terminal {
  /// Whether a line can be written over.
  var isInteractive: Bool
  /// Whether characters beyond ASCII are shown as such.
  var showsUnicode: Bool
  /// Columns now; a window can be resized at any time.
  var width: () -> Int
  var write: (String) -> Void
  /// Seconds on a clock that never goes back.
  var now: () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

  static var standardOutput: Terminal {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    let encoding = (locale ?? "UTF-8").lowercased().replacingOccurrences(of: "-", with: "")
    return Terminal(
      isInteractive: isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb",
      showsUnicode: encoding.contains("utf8"),
      width: columnsOfStandardOutput,
      write: { text in
        print(text, terminator: "")
        // Standard output keeps back what has no newline yet; and into a pipe, thousands of characters.
        fflush(nil)
      })
  }

  private static func columnsOfStandardOutput() -> Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
