// How a verb declares what it takes: @Option, @Flag and @Positional, once, with name, default and help.
// Read first: Verb.swift, which has an example. Read next: Arguments.swift, which reads the command line into them.

import ApusBase
import ApusTensor

/// What the parser and the help see of a declaration.
protocol DeclaredArgument: AnyObject {
  var name: String { get }
  var help: String { get }
  var kind: ArgumentKind { get }
  /// As the help shows it: "--steps N", "RUN_DIR".
  var usage: String { get }
  /// Nil: there is none, or it goes without saying.
  var shownDefault: String? { get }
  /// The word that was given for it; a flag's is its name.
  var given: String? { get }

  /// Takes the value of a word, or says what was expected instead.
  func accept(_ word: String) -> String?
}

enum ArgumentKind: Equatable {
  case option
  case flag
  case positional(isRequired: Bool)
  /// Takes all words that are left.
  case words
}

/// `--name VALUE` or `--name=VALUE`.
@propertyWrapper
final class Option<Value: ArgumentValue>: DeclaredArgument {
  let name: String
  let help: String
  let shownDefault: String?
  private(set) var wrappedValue: Value
  private(set) var given: String?
  private let bounds: Bounds
  private let placeholder: String

  /// `$steps.given` tells a default from the same value given by the user.
  var projectedValue: Option { self }

  /// - Parameters:
  ///   - wrappedValue: The default.
  ///   - name: Without the two dashes.
  ///   - bounds: The numbers that are taken.
  ///   - placeholder: What stands for the value in the help, if the type's own placeholder says too little.
  ///   - help: A phrase or a sentence; the help adds the default.
  init(
    wrappedValue: Value, _ name: String, _ bounds: Bounds = .any, placeholder: String = Value.placeholder,
    help: String
  ) {
    (self.name, self.help, self.placeholder, self.bounds) = (name, help, placeholder, bounds)
    self.wrappedValue = wrappedValue
    shownDefault = wrappedValue.shownAsDefault
  }

  var kind: ArgumentKind { .option }

  var usage: String { "--\(name) \(placeholder)" }

  func accept(_ word: String) -> String? {
    given = word
    guard let value = Value(argument: word, bounds: bounds) else { return Value.expectation(bounds) }
    wrappedValue = value
    return nil
  }
}

/// `--name`: true if given.
@propertyWrapper
final class Flag: DeclaredArgument {
  let name: String
  let help: String
  private(set) var given: String?

  init(_ name: String, help: String) { (self.name, self.help) = (name, help) }

  var wrappedValue: Bool { given != nil }

  var kind: ArgumentKind { .flag }

  var usage: String { "--\(name)" }

  var shownDefault: String? { nil }

  func accept(_ word: String) -> String? {
    given = word
    return nil
  }
}

/// A word without dashes, taken by its place. Without a default it is required.
@propertyWrapper
final class Positional<Value: ArgumentValue>: DeclaredArgument {
  let name: String
  let help: String
  let shownDefault: String?
  let kind: ArgumentKind
  private(set) var given: String?
  private let bounds: Bounds
  private var value: Value?

  init(_ name: String, _ bounds: Bounds = .any, help: String) {
    (self.name, self.help, self.bounds) = (name, help, bounds)
    kind = .positional(isRequired: true)
    shownDefault = nil
  }

  init(wrappedValue: Value, _ name: String, _ bounds: Bounds = .any, help: String) {
    (self.name, self.help, self.bounds, self.value) = (name, help, bounds, wrappedValue)
    kind = .positional(isRequired: false)
    shownDefault = wrappedValue.shownAsDefault
  }

  var wrappedValue: Value {
    guard let value else { requirementFailure("\(name) is read before the command line was") }
    return value
  }

  var usage: String { name }

  func accept(_ word: String) -> String? {
    given = word
    guard let value = Value(argument: word, bounds: bounds) else { return Value.expectation(bounds) }
    self.value = value
    return nil
  }
}

/// All words without dashes that are left, in their order; there may be none. The last of the positional arguments.
@propertyWrapper
final class Words: DeclaredArgument {
  let name: String
  let help: String
  private(set) var wrappedValue: [String] = []

  init(_ name: String, help: String) { (self.name, self.help) = (name, help) }

  var kind: ArgumentKind { .words }

  var usage: String { "\(name) …" }

  var shownDefault: String? { nil }

  /// Another word is never one too many.
  var given: String? { nil }

  func accept(_ word: String) -> String? {
    wrappedValue.append(word)
    return nil
  }
}
