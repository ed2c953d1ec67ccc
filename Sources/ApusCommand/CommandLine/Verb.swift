// The protocol of the tool's verbs (commands): structs that declare their arguments and have a method `run`.
// Read next: Declarations.swift for the arguments, ../Verbs/Registry.swift for the list of verbs.

import Foundation

/// A command of the tool.
///
/// ```swift
/// struct SampleCommand: Verb {
///   static let name = "sample"
///   static let summary = "Generate text with a trained model"
///
///   @Positional("RUN_DIR", help: "folder of a training run") var run: Path
///   @Option("top-k", .atLeast(1), help: "sample only from the K most likely characters") var topK: Int? = nil
///   @Option("temperature", .above(0), help: "sampling temperature") var temperature = 0.8
///   @Flag("json", help: "print a JSON object") var json
///
///   func run() throws { … }
/// }
/// ```
protocol Verb {
  /// The words that invoke the verb, such as "info" or "train shakespeare".
  static var name: String { get }
  /// A one-line summary in the imperative, without a final period. It opens the verb's help, and is listed beside the
  /// name in the tool's help.
  static var summary: String { get }
  /// Paragraphs that follow the options in the verb's help, separated by blank lines; may be empty.
  static var details: String { get }

  init()

  /// Problems with combinations of arguments, one line each, such as "--prompt: cannot be empty".
  func problems() -> [String]

  /// Runs the verb.
  ///
  /// - Throws: an error, which the tool prints on one line after the verb's name before it exits with status 1, or a
  ///   `CommandFailure` for several lines or another exit status.
  func run() throws
}

extension Verb {
  static var details: String { "" }

  func problems() -> [String] { [] }

  /// The declared arguments, in the order of declaration.
  var arguments: [any DeclaredArgument] {
    Mirror(reflecting: self).children.compactMap { $0.value as? any DeclaredArgument }
  }
}

/// The failure of a verb.
struct CommandFailure: Error, Equatable {
  /// The messages, each printed on standard error as a line that begins with the verb's name.
  var lines: [String]
  var status: Int32 = 1

  init(_ lines: String..., status: Int32 = 1) {
    (self.lines, self.status) = (lines, status)
  }

  /// An interruption by Ctrl-C: prints nothing more, and exits with the status that shells expect.
  static let interrupted = CommandFailure(status: 130)

  /// A failed write to standard output, with the `errno` that explains it.
  static func outputFailed(_ number: Int32) -> CommandFailure {
    CommandFailure("standard output: \(String(cString: strerror(number)))")
  }
}
