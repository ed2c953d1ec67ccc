// What a gradient check found: every derivative that is wrong, and what is wrong besides.
// Read first: CheckGradients.swift, which fills it.

/// The outcome of a gradient check.
///
/// Print it: it names the inputs, directions and values that do not agree.
public struct GradientReport: Sendable {
  /// A derivative that the tape and the finite difference disagree about.
  public struct Failure: Sendable {
    /// Which input or parameter was moved.
    public let input: String
    /// The direction it was moved along.
    public let direction: Direction
    /// The derivative by the tape.
    public let analytic: Double
    /// The derivative by the central finite difference.
    public let numeric: Double
    /// How far they were allowed to lie apart.
    public let allowed: Double
  }

  /// A unit vector along which an input was moved.
  public enum Direction: Sendable, Hashable {
    /// The random direction with this number.
    case random(Int)
    /// The element at these indices, one for each axis.
    case coordinate([Int])
  }

  /// What was checked.
  public let name: String
  /// The derivatives that are wrong, all of them.
  public internal(set) var failures: [Failure] = []
  /// What is wrong besides single derivatives: a gradient's shape, a value that changes when it is recorded.
  public internal(set) var problems: [String] = []
  /// How many derivatives were compared.
  public internal(set) var checks = 0
  /// The largest absolute derivative that a finite difference gave: 0 means that there was nothing to see.
  public internal(set) var largestDerivative = 0.0

  init(name: String) { self.name = name }

  /// Whether everything agrees.
  public var passed: Bool { failures.isEmpty && problems.isEmpty }
}

extension GradientReport: CustomStringConvertible {
  public var description: String {
    if passed { return "\(name): \(checks) derivatives agree" }
    var lines = ["\(name): \(failures.count) of \(checks) derivatives are wrong"]
    lines += problems.map { "  " + $0 }
    lines += failures.prefix(20).map { "  \($0)" }
    if failures.count > 20 { lines.append("  … and \(failures.count - 20) more") }
    return lines.joined(separator: "\n")
  }
}

extension GradientReport.Failure: CustomStringConvertible {
  public var description: String {
    "\(input), \(direction): tape \(analytic), finite difference \(numeric)"
      + " (apart by \(abs(analytic - numeric)), allowed \(allowed))"
  }
}

extension GradientReport.Direction: CustomStringConvertible {
  public var description: String {
    switch self {
    case .random(let number): "random direction \(number)"
    case .coordinate(let indices): "coordinate \(indices)"
    }
  }
}
