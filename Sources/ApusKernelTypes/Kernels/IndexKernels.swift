// Gather and scatter: what an index tensor picks. Read next: ApusKernelsBaseline/Memory/Gather.swift, AlongAxis.swift.

/// Kernels that move elements to or from places that indices name. Indices are in range: callers check them.
package protocol IndexKernels {
  /// The largest of some indices, [count], taken as unsigned, so that a negative one is larger than all others; 0 if there
  /// are none.
  static func largestIndex(_ indices: UnsafePointer<Int32>, count: Int, _ schedule: Schedule) -> UInt32

  /// y[i, ·] ← table[indices[i], ·] for i < count and rows of `width` elements.
  static func gather(
    _ table: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, count: Int,
    width: Int, _ schedule: Schedule)

  /// table[indices[i], ·] += x[i, ·], in the order of i.
  ///
  /// - Parameter skipped: An index whose rows are left out; −1: none.
  static func scatterAdd(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, to table: UnsafeMutablePointer<Float>, count: Int,
    width: Int, skipping skipped: Int32, _ schedule: Schedule)

  /// y[i, …, j] ← x[i, …, indices[i, …, j], …, j]: the index takes the place of one axis.
  ///
  /// - Parameters:
  ///   - sizes: The shape of `indices` and y.
  ///   - strides: Distances in x along these axes, 0 along the indexed one.
  ///   - axisStride: The distance in x along the indexed axis.
  static func gatherAlong(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, sizes: [Int],
    strides: [Int], axisStride: Int, _ schedule: Schedule)

  /// y[i, …, indices[i, …, j], …, j] ← x[i, …, j], or += if `adds`; elements with the same target come in the order of x.
  ///
  /// - Parameters:
  ///   - sizes: The shape of `indices` and x.
  ///   - strides: Distances in y along these axes, 0 along the indexed one.
  ///   - axisStride: The distance in y along the indexed axis.
  ///   - axis: The indexed axis.
  static func scatterAlong(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, sizes: [Int],
    strides: [Int], axisStride: Int, axis: Int, adds: Bool, _ schedule: Schedule)

  /// y[o, i, ·] ← x[o, indices[i], ·] for x [outer, count, inner] and y [outer, chosen, inner].
  static func indexSelect(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, outer: Int,
    count: Int, chosen: Int, inner: Int, _ schedule: Schedule)

  /// y[o, indices[i], ·] += x[o, i, ·] for x [outer, chosen, inner] and y [outer, count, inner], in the order of i.
  static func indexAdd(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, to y: UnsafeMutablePointer<Float>, outer: Int,
    count: Int, chosen: Int, inner: Int, _ schedule: Schedule)
}
