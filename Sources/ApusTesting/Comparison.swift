// Comparison of two tensors with a tolerance, and the element with the largest error.
// Read next: CheckGradients.swift.

public import ApusTensor

/// An elementwise comparison of two tensors, with one tolerance for all elements.
///
///     |actual − expected| ≤ absolute + relativeToLargest · max |expected|
///
/// The rounding error of a float32 sum is relative to its largest terms, however small the sum is. The tolerance is
/// therefore relative to the largest element, and not to each element.
///
/// ```swift
/// let comparison = Comparison(Tensor([1, 2]).squareRoot(), Tensor([1, 1.4142135]), absolute: 1e-6)
/// precondition(comparison.isClose, comparison.description)
/// ```
public struct Comparison: Sendable {
  /// The element with the largest error.
  public struct Difference: Sendable {
    /// The index along every axis.
    public let position: [Int]
    /// The computed value.
    public let actual: Float
    /// The expected value.
    public let expected: Float
    /// |actual − expected|; infinite if only one of them is finite.
    public let error: Float
  }

  /// The shape of the computed tensor.
  public let actualShape: Shape
  /// The shape of the expected tensor.
  public let expectedShape: Shape
  /// The tolerance: the largest error that is allowed.
  public let allowed: Float
  /// The element with the largest error; nil if the tensors are equal, empty or of different shapes.
  public let worst: Difference?
  /// The number of elements whose error exceeds the tolerance.
  public let wrongCount: Int

  /// Compares two tensors.
  ///
  /// - Parameters:
  ///   - actual: the computed tensor. Infinities and NaN agree only with themselves.
  ///   - expected: the expected tensor.
  ///   - absolute: the absolute part of the tolerance.
  ///   - relativeToLargest: the relative part of the tolerance, a fraction of the largest finite |expected|.
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

  /// Whether the shapes are equal and all errors are within the tolerance.
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
