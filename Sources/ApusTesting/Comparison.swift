// Whether two tensors are equal up to rounding, and where they are not.
// Read next: CheckGradients.swift.

public import ApusTensor

/// Two tensors compared element by element, with a tolerance that is the same for all elements.
///
///     |actual − expected| ≤ absolute + relativeToLargest · max |expected|
///
/// A float32 sum is off by a rounding of its largest terms, however small the sum is; hence the tolerance relative to the
/// largest element and not to each one.
///
/// ```swift
/// let comparison = Comparison(Tensor([1, 2]).squareRoot(), Tensor([1, 1.4142135]), absolute: 1e-6)
/// precondition(comparison.isClose, comparison.description)
/// ```
public struct Comparison: Sendable {
  /// The place where the tensors lie furthest apart.
  public struct Difference: Sendable {
    /// The index along every axis.
    public let position: [Int]
    /// What was computed there.
    public let actual: Float
    /// What should be there.
    public let expected: Float
    /// |actual − expected|; infinite where only one is finite.
    public let error: Float
  }

  /// The shape of what was computed.
  public let actualShape: Shape
  /// The shape that it should have.
  public let expectedShape: Shape
  /// How far elements may lie apart.
  public let allowed: Float
  /// The worst place; nil if the tensors are equal, empty or of different shapes.
  public let worst: Difference?
  /// How many elements lie further apart than allowed.
  public let wrongCount: Int

  /// - Parameters:
  ///   - actual: what was computed. Infinities and NaN agree with their like only.
  ///   - expected: what it should be.
  ///   - absolute: the tolerance for elements around 0.
  ///   - relativeToLargest: the tolerance as a fraction of the largest finite |expected|.
  public init(_ actual: Tensor, _ expected: Tensor, absolute: Float, relativeToLargest: Float = 0) {
    (actualShape, expectedShape) = (actual.shape, expected.shape)
    let (a, b) = (actual.scalars, expected.scalars)
    let largest = b.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    allowed = absolute + relativeToLargest * largest
    guard actual.shape == expected.shape else {
      (worst, wrongCount) = (nil, max(a.count, b.count))
      return
    }
    var wrong = 0
    var (worstPosition, worstError) = (0, Float(0))
    for i in a.indices {
      let error = Comparison.error(a[i], b[i])
      if error > allowed { wrong += 1 }
      if error > worstError { (worstPosition, worstError) = (i, error) }
    }
    wrongCount = wrong
    worst =
      worstError == 0
      ? nil
      : Difference(
        position: expected.shape.indices(at: worstPosition), actual: a[worstPosition], expected: b[worstPosition],
        error: worstError)
  }

  private static func error(_ a: Float, _ b: Float) -> Float {
    if a == b || (a.isNaN && b.isNaN) { return 0 }
    let difference = abs(a - b)
    return difference.isNaN ? .infinity : difference
  }

  /// Whether the shapes are equal and all elements are as close as allowed.
  public var isClose: Bool { actualShape == expectedShape && wrongCount == 0 }
}

extension Comparison: CustomStringConvertible {
  public var description: String {
    guard actualShape == expectedShape else { return "shape \(actualShape) instead of \(expectedShape)" }
    guard let worst else { return "equal, shape \(expectedShape)" }
    let text =
      "\(worst.actual) instead of \(worst.expected) at \(worst.position) (error \(worst.error), allowed \(allowed))"
    if isClose { return "close, shape \(expectedShape); worst \(text)" }
    return "\(wrongCount) of \(expectedShape.elementCount) elements wrong, shape \(expectedShape); worst \(text)"
  }
}
