// The signatures of kernels along an axis: variance, log-sum-exp, extremes with positions, running sums, order.
// Read next: ApusKernelsBaseline/Reductions/Variance.swift, Sorting/Sort.swift.

/// Kernels over x [outer, count, inner] that reduce, accumulate or sort along the middle axis.
package struct AxisKernels: Sendable {
  package typealias Input = KernelTable.Input
  package typealias Output = KernelTable.Output
  package typealias Positions = UnsafeMutablePointer<Int32>

  /// (x, mean, variance, outer, count, inner, divisor)
  package var variance:
    @Sendable (Input, Output, Output, _ outer: Int, _ count: Int, _ inner: Int, _ divisor: Float, Schedule) -> Void
  /// dx ← scale · (x − mean): (x, mean, scale, dx, outer, count, inner)
  package var scaledDeviations:
    @Sendable (Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void
  /// (x, y, outer, count, inner)
  package var logSumExp: @Sendable (Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void
  /// dx ← dy · e^(x − y): (x, y, dy, dx, outer, count, inner)
  package var logSumExpBackward:
    @Sendable (Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void
  /// (x, y, outer, count, inner, from the back)
  package var cumulativeSum:
    @Sendable (Input, Output, _ outer: Int, _ count: Int, _ inner: Int, _ isReversed: Bool, Schedule) -> Void
  /// The first position of the largest or smallest element: (x, positions, outer, count, inner, largest)
  package var extremePositions:
    @Sendable (Input, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ isLargest: Bool, Schedule) -> Void
  /// dy shared evenly by the elements that equal y: (x, y, dy, dx, outer, count, inner)
  package var shareAmongEqual:
    @Sendable (Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void
  /// (x, values, positions, outer, count, inner, descending)
  package var sort:
    @Sendable (Input, Output, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ isDescending: Bool, Schedule)
      -> Void
  /// (x, values, positions, outer, count, inner, k, largest)
  package var topK:
    @Sendable (
      Input, Output, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ k: Int, _ isLargest: Bool, Schedule
    ) -> Void

  package init(
    variance:
      @escaping @Sendable (
        Input, Output, Output, _ outer: Int, _ count: Int, _ inner: Int, _ divisor: Float, Schedule
      ) -> Void,
    scaledDeviations:
      @escaping @Sendable (
        Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule
      ) -> Void,
    logSumExp: @escaping @Sendable (Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void,
    logSumExpBackward:
      @escaping @Sendable (
        Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule
      ) -> Void,
    cumulativeSum:
      @escaping @Sendable (
        Input, Output, _ outer: Int, _ count: Int, _ inner: Int, _ isReversed: Bool, Schedule
      ) -> Void,
    extremePositions:
      @escaping @Sendable (
        Input, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ isLargest: Bool, Schedule
      ) -> Void,
    shareAmongEqual:
      @escaping @Sendable (
        Input, Input, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule
      ) -> Void,
    sort:
      @escaping @Sendable (
        Input, Output, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ isDescending: Bool, Schedule
      ) -> Void,
    topK:
      @escaping @Sendable (
        Input, Output, Positions, _ outer: Int, _ count: Int, _ inner: Int, _ k: Int, _ isLargest: Bool, Schedule
      ) -> Void
  ) {
    self.variance = variance
    self.scaledDeviations = scaledDeviations
    self.logSumExp = logSumExp
    self.logSumExpBackward = logSumExpBackward
    self.cumulativeSum = cumulativeSum
    self.extremePositions = extremePositions
    self.shareAmongEqual = shareAmongEqual
    self.sort = sort
    self.topK = topK
  }
}
