// The result of a gradient check: every wrong derivative, and other problems.
// Read first: CheckGradients.swift, which creates it.

/// The result of a gradient check.
///
/// Its description lists the inputs, directions and values that do not agree.
public struct GradientReport: Sendable {
  /// A derivative for which the tape and the finite difference disagree.
  public struct Failure: Sendable {
    /// The input or parameter that was moved.
    public let input: String
    /// The direction along which it was moved.
    public let direction: Direction
    /// The derivative computed by the tape.
    public let analytic: Double
    /// The derivative computed by the central finite difference.
    public let numeric: Double
    /// The largest difference that was allowed.
    public let allowed: Double
  }

  /// A unit vector along which an input was moved.
  public enum Direction: Sendable, Hashable {
    /// The random direction with this number.
    case random(Int)
    /// The element at these indices, one for each axis.
    case coordinate([Int])
  }

  /// The name of the check.
  public let name: String
  /// All wrong derivatives.
  public internal(set) var failures: [Failure] = []
  /// Other problems: a gradient of the wrong shape, or a value that changes when it is recorded.
  public internal(set) var problems: [String] = []
  /// The number of derivatives that were compared.
  public internal(set) var checks = 0
  /// The largest absolute value of a finite difference; if it is 0, the check has proved nothing.
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
      + " (difference \(abs(analytic - numeric)), allowed \(allowed))"
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
