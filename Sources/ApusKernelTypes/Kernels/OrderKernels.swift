// Sorting, the best k elements, and the position of an extreme. Read next: ApusKernelsBaseline/Sorting/Sort.swift.

/// Kernels over x [outer, count, inner] that depend on the order of the elements along the middle axis.
///
/// In this order NaN is the largest, and −0 equals 0. Positions are indices along the middle axis.
package protocol OrderKernels {
  /// positions[o, i] ← the first r at which x[o, r, i] is the largest (or smallest) over r; the first NaN if there is one.
  static func extremePositions(
    _ x: UnsafePointer<Float>, _ positions: UnsafeMutablePointer<Int32>, outer: Int, count: Int, inner: Int,
    isLargest: Bool, _ schedule: Schedule)

  /// values[o, ·, i] ← x[o, ·, i] in ascending or descending order, and the positions that the elements had in x.
  ///
  /// Equal elements keep the order of their positions.
  static func sort(
    _ x: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>, _ positions: UnsafeMutablePointer<Int32>,
    outer: Int, count: Int, inner: Int, isDescending: Bool, _ schedule: Schedule)

  /// values[o, ·, i] ← the k largest or smallest of x[o, ·, i], the best first, and their positions in x; k ≤ count.
  ///
  /// Equal elements come in the order of their positions.
  static func topK(
    _ x: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>, _ positions: UnsafeMutablePointer<Int32>,
    outer: Int, count: Int, inner: Int, k: Int, isLargest: Bool, _ schedule: Schedule)
}
