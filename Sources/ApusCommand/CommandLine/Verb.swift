// What a verb of the tool is: a struct that declares its options and runs.
// Read next: Declarations.swift for the options, Verbs/Registry.swift for the list of verbs.

import Foundation

/// One thing that the tool does.
///
/// ```swift
/// struct SampleCommand: Verb {
///   static let name = "sample"
///   static let summary = "Continue a text with a trained model."
///
///   @Positional("RUN_DIR", help: "the folder of a training run") var run: Path
///   @Option("top-k", .atLeast(1), help: "Draw from the K likeliest characters only") var topK: Int? = nil
///   @Option("temperature", .above(0), help: "Below 1: safer; above 1: wilder") var temperature = 0.8
///   @Flag("json", help: "Print one JSON object") var json
///
///   func run() throws { … }
/// }
/// ```
protocol Verb {
  /// The words that call it: "info", or "train shakespeare".
  static var name: String { get }
  /// One sentence, which opens its help and stands beside its name in the tool's help.
  static var summary: String { get }
  /// Paragraphs that follow the options in its help; empty for none.
  static var details: String { get }

  init()

  /// What only the options together can get wrong, in lines like "--heads: 3 do not divide 128 channels".
  func problems() -> [String]

  /// Does it. Errors are printed as one line, after the verb's name, and the tool's exit status is 1; throw a
  /// `CommandFailure` for several lines or another status.
  func run() throws
}

extension Verb {
  static var details: String { "" }

  func problems() -> [String] { [] }

  /// What it declares, in the order of declaration.
  var arguments: [any DeclaredArgument] {
    Mirror(reflecting: self).children.compactMap { $0.value as? any DeclaredArgument }
  }
}

/// Why a verb could not do what it was asked for.
struct CommandFailure: Error, Equatable {
  /// Each printed as a line on standard error, after the verb's name.
  var lines: [String]
  var status: Int32 = 1

  init(_ lines: String..., status: Int32 = 1) {
    (self.lines, self.status) = (lines, status)
  }

  /// Ends with the status that a shell expects after Ctrl-C; the verb has already said what there is to say.
  static let interrupted = CommandFailure(status: 130)

  /// What was to be printed is lost; the error number says why.
  static func outputFailed(_ number: Int32) -> CommandFailure {
    CommandFailure("standard output: \(String(cString: strerror(number)))")
  }
}
