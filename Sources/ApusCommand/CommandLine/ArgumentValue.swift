// The types that options and positional arguments can have, and the bounds of numbers.
// Read next: Declarations.swift, which declares options of these types.

import Foundation

/// A type that can be read from one word of the command line.
protocol ArgumentValue {
  /// What stands for a value in the help: the `N` of `--steps N`.
  static var placeholder: String { get }

  /// What a message says was expected: "a whole number of at least 1".
  static func expectation(_ bounds: Bounds) -> String

  /// Nil if the text is no such value or is out of bounds.
  init?(argument: String, bounds: Bounds)

  /// The value as the help shows it after "default:"; nil shows nothing.
  var shownAsDefault: String? { get }
}

/// The numbers that an option takes.
struct Bounds: Equatable, Sendable {
  private var lower = -Double.infinity
  private var upper = Double.infinity
  private var includesLower = true
  private var includesUpper = true

  static let any = Bounds()

  static func atLeast(_ lower: Double) -> Bounds { Bounds(lower: lower) }

  static func above(_ lower: Double) -> Bounds { Bounds(lower: lower, includesLower: false) }

  static func from(_ lower: Double, to upper: Double) -> Bounds { Bounds(lower: lower, upper: upper) }

  static func from(_ lower: Double, below upper: Double) -> Bounds {
    Bounds(lower: lower, upper: upper, includesUpper: false)
  }

  func contains(_ value: Double) -> Bool {
    (includesLower ? value >= lower : value > lower) && (includesUpper ? value <= upper : value < upper)
  }

  /// What follows "a number" in a message.
  var phrase: String {
    let (low, high) = (lower.plain, upper.plain)
    if upper == .infinity {
      if lower == -.infinity { return "" }
      return includesLower ? " of at least \(low)" : " above \(low)"
    }
    return includesUpper ? " from \(low) to \(high)" : " of at least \(low) and below \(high)"
  }
}

extension Double {
  /// Without the ".0" of a whole number.
  fileprivate var plain: String { Int(exactly: self).map(String.init) ?? description }
}

extension Int: ArgumentValue {
  static var placeholder: String { "N" }

  static func expectation(_ bounds: Bounds) -> String { "a whole number\(bounds.phrase)" }

  init?(argument: String, bounds: Bounds) {
    guard let value = Int(argument), bounds.contains(Double(value)) else { return nil }
    self = value
  }

  var shownAsDefault: String? { description }
}

extension UInt64: ArgumentValue {
  static var placeholder: String { "N" }

  static func expectation(_ bounds: Bounds) -> String {
    bounds == .any ? "a whole number from 0 to \(UInt64.max)" : "a whole number\(bounds.phrase)"
  }

  init?(argument: String, bounds: Bounds) {
    guard let value = UInt64(argument), bounds.contains(Double(value)) else { return nil }
    self = value
  }

  var shownAsDefault: String? { description }
}

extension Double: ArgumentValue {
  static var placeholder: String { "X" }

  static func expectation(_ bounds: Bounds) -> String { "a number\(bounds.phrase)" }

  init?(argument: String, bounds: Bounds) {
    // "nan" and "inf" are numbers to Swift, but no setting of a training run.
    guard let value = Double(argument), value.isFinite, bounds.contains(value) else { return nil }
    self = value
  }

  var shownAsDefault: String? { plain }
}

extension String: ArgumentValue {
  static var placeholder: String { "TEXT" }

  static func expectation(_ bounds: Bounds) -> String { "a text" }

  init?(argument: String, bounds: Bounds) { self = argument }

  var shownAsDefault: String? { isEmpty ? nil : debugDescription }
}

/// The name of a file or folder; `~/` at its beginning is the user's home (a shell leaves it in `--out=~/runs`).
struct Path: ArgumentValue, Equatable, Sendable {
  let text: String

  init(_ text: String) {
    self.text = text.hasPrefix("~/") ? NSHomeDirectory() + text.dropFirst() : text
  }

  var url: URL { URL(fileURLWithPath: text) }

  static var placeholder: String { "PATH" }

  static func expectation(_ bounds: Bounds) -> String { "the name of a file or folder" }

  init?(argument: String, bounds: Bounds) {
    guard !argument.isEmpty else { return nil }
    self.init(argument)
  }

  var shownAsDefault: String? { text }
}

/// An option that may be absent: `var data: Path? = nil`.
extension Optional: ArgumentValue where Wrapped: ArgumentValue {
  static var placeholder: String { Wrapped.placeholder }

  static func expectation(_ bounds: Bounds) -> String { Wrapped.expectation(bounds) }

  init?(argument: String, bounds: Bounds) {
    guard let value = Wrapped(argument: argument, bounds: bounds) else { return nil }
    self = .some(value)
  }

  var shownAsDefault: String? { self?.shownAsDefault }
}
