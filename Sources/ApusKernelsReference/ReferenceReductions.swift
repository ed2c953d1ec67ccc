// The naive twins of sums, maxima and minima along an axis, and of the sum of squares.
// Read next: ApusKernelsBaseline/Reductions/Reductions.swift, the kernels.

package import ApusKernelTypes

extension Reference {
  /// y[o, i] = the sum, maximum or minimum over r of x[o, r, i].
  ///
  /// Over nothing the sum is 0, the maximum −∞ and the minimum ∞. A maximum or minimum is NaN if any element is.
  ///
  /// - Parameters:
  ///   - x: [outer, count, inner]
  ///   - outer: The product of the sizes before the reduced axis.
  ///   - count: The size of the reduced axis.
  ///   - inner: The product of the sizes after it.
  /// - Returns: [outer, inner]
  @specialized(where T == Double)
  package static func reduce<T: ReferenceScalar>(
    _ reduction: Reduction, _ x: [T], outer: Int, count: Int, inner: Int
  ) -> [T] {
    let start: T = reduction == .sum ? 0 : reduction == .maximum ? -T.infinity : T.infinity
    var y = [T](repeating: start, count: outer * inner)
    for o in 0..<outer {
      for r in 0..<count {
        for i in 0..<inner {
          let (new, old) = (x[(o * count + r) * inner + i], y[o * inner + i])
          switch reduction {
          case .sum: y[o * inner + i] = old + new
          case .maximum: y[o * inner + i] = new > old || new.isNaN ? new : old
          case .minimum: y[o * inner + i] = new < old || new.isNaN ? new : old
          }
        }
      }
    }
    return y
  }

  /// Σ x²
  @specialized(where T == Double)
  package static func sumOfSquares<T: ReferenceScalar>(_ x: [T]) -> T {
    var sum: T = 0
    for value in x { sum += value * value }
    return sum
  }
}
