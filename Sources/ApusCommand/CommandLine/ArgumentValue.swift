// The value types of options and positional arguments, and the bounds of numeric values.
// Read next: Declarations.swift, which declares options with these types.

import Foundation

/// A type that can be parsed from one word of the command line.
protocol ArgumentValue {
  /// The placeholder for a value in the help, such as the `N` of `--steps N`.
  static var placeholder: String { get }

  /// A phrase for error messages that says what is expected, such as "a whole number of at least 1".
  static func expectation(_ bounds: Bounds) -> String

  /// Parses a value; returns nil if the text is not a value of this type or is out of bounds.
  init?(argument: String, bounds: Bounds)

  /// The value as the help shows it after "default:"; nil to show no default.
  var shownAsDefault: String? { get }
}

/// The range of numbers that an option accepts.
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

  /// The text that follows "a number" in an error message.
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
  /// The number in decimal, without ".0" if it is a whole number.
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
    // Swift parses "nan" and "inf" as numbers, but no option has a use for them.
    guard let value = Double(argument), value.isFinite, bounds.contains(value) else { return nil }
    self = value
  }

  var shownAsDefault: String? { plain }
}

extension String: ArgumentValue {
  static var placeholder: String { "TEXT" }

  static func expectation(_ bounds: Bounds) -> String { "text" }

  init?(argument: String, bounds: Bounds) { self = argument }

  var shownAsDefault: String? { isEmpty ? nil : debugDescription }
}

/// A path of a file or folder. A leading `~/` becomes the home folder, because shells do not expand it in
/// `--out=~/runs`.
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
