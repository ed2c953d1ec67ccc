// Reductions and running sums along an axis. Read next: ApusKernelsBaseline/Reductions/Reductions.swift, Variance.swift.

/// Kernels over x [outer, count, inner] that reduce or accumulate along the middle axis.
package protocol ReductionKernels {
  /// y[o, i] ← the sum, maximum or minimum of x[o, r, i] over r.
  ///
  /// A maximum or minimum is NaN if any element is. Over nothing the results are 0, −∞ and ∞.
  static func reduce(
    _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int,
    inner: Int, _ schedule: Schedule)

  /// Σ x², [count] → a number.
  static func sumOfSquares(_ x: UnsafePointer<Float>, count: Int, _ schedule: Schedule) -> Double

  /// y[o, i] ← Σ (x[o, r, i] − mean[o, i])² / divisor over r, and the means.
  static func variance(
    _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int,
    count: Int, inner: Int, divisor: Float, _ schedule: Schedule)

  /// dx[o, r, i] ← scale[o, i] · (x[o, r, i] − mean[o, i]): the gradient of a variance.
  static func scaledDeviations(
    _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule)

  /// y[o, i] ← log Σ e^x[o, r, i] over r; −∞ over nothing, and where all elements are −∞.
  static func logSumExp(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int,
    _ schedule: Schedule)

  /// dx[o, r, i] ← dy[o, i] · e^(x[o, r, i] − y[o, i]); 0 where y is −∞.
  static func logSumExpBackward(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule)

  /// y[o, r, i] ← Σ x[o, s, i] over s ≤ r, or over s ≥ r if reversed.
  static func cumulativeSum(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int,
    isReversed: Bool, _ schedule: Schedule)

  /// dx[o, r, i] ← dy[o, i] / n where x[o, r, i] equals y[o, i], which n elements do; 0 elsewhere. NaN equals NaN here.
  ///
  /// This is the gradient of a maximum or minimum.
  static func shareAmongEqual(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule)
}
