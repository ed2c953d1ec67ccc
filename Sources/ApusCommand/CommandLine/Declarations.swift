// The property wrappers with which a verb declares its arguments: @Option, @Flag, @Positional and @Words.
// Read first: Verb.swift, which has an example. Read next: Arguments.swift, which parses the command line into them.

import ApusBase
import ApusTensor

/// A declared argument as the parser and the help see it.
protocol DeclaredArgument: AnyObject {
  var name: String { get }
  var help: String { get }
  var kind: ArgumentKind { get }
  /// The argument as the help shows it, such as "--steps N" or "RUN_DIR".
  var usage: String { get }
  /// The default as the help shows it; nil if there is none or it is obvious.
  var shownDefault: String? { get }
  /// The word that the user gave for the argument, or nil. For a flag, this is its name.
  var given: String? { get }

  /// Parses and stores a word. Returns nil on success, and otherwise a phrase that says what is expected.
  func accept(_ word: String) -> String?
}

enum ArgumentKind: Equatable {
  case option
  case flag
  case positional(isRequired: Bool)
  /// All remaining words.
  case words
}

/// An option with a value, `--name VALUE` or `--name=VALUE`.
@propertyWrapper
final class Option<Value: ArgumentValue>: DeclaredArgument {
  let name: String
  let help: String
  let shownDefault: String?
  private(set) var wrappedValue: Value
  private(set) var given: String?
  private let bounds: Bounds
  private let placeholder: String

  /// The option itself: `$steps.given` distinguishes a default from the same value given by the user.
  var projectedValue: Option { self }

  /// - Parameters:
  ///   - wrappedValue: The default value.
  ///   - name: The name without the two dashes.
  ///   - bounds: The range of numbers that are accepted.
  ///   - placeholder: The placeholder for the value in the help, if that of the type is too general.
  ///   - help: A phrase without a final period. The default is appended to it.
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

/// An option without a value, `--name`, which is true if it is given.
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

/// An argument identified by its position. It is required unless it has a default.
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
    guard let value else { requirementFailure("\(name) was accessed before the command line was parsed") }
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

/// All remaining positional arguments, possibly none, in order. It must be declared after the other positional
/// arguments.
@propertyWrapper
final class Words: DeclaredArgument {
  let name: String
  let help: String
  private(set) var wrappedValue: [String] = []

  init(_ name: String, help: String) { (self.name, self.help) = (name, help) }

  var kind: ArgumentKind { .words }

  var usage: String { "\(name) …" }

  var shownDefault: String? { nil }

  /// Always nil, because any number of words may be given.
  var given: String? { nil }

  func accept(_ word: String) -> String? {
    wrappedValue.append(word)
    return nil
  }
}
