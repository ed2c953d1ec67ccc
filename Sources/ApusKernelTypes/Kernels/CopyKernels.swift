// Copies between layouts. Read next: ApusKernelsBaseline/Memory/Permute.swift, StridedAdd.swift.

/// Kernels that move elements from places to places that the sizes alone determine.
package protocol CopyKernels {
  /// y ← value, [count].
  static func fill(_ y: UnsafeMutablePointer<Float>, with value: Float, count: Int, _ schedule: Schedule)

  /// y ← the elements of x at any strides: y has `sizes`, and `strides[a]` is the distance in x along axis a of y.
  static func permute(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, sizes: [Int], strides: [Int], _ schedule: Schedule)

  /// y[r · yStride + j] ← x[r · xStride + j] for r < rows and j < columns.
  static func copyRows(
    _ x: UnsafePointer<Float>, stride xStride: Int, _ y: UnsafeMutablePointer<Float>, stride yStride: Int,
    rows: Int, columns: Int, _ schedule: Schedule)

  /// y[i₀ · strides₀ + i₁ · strides₁ + …] += x[i₀, i₁, …] for x of `sizes`: the adjoint of reading at strides.
  ///
  /// No two elements of x may be added to the same element of y.
  static func addStrided(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, sizes: [Int], strides: [Int], _ schedule: Schedule)

  /// y ← value, except x where it lies in y.
  ///
  /// - Parameters:
  ///   - sizes: The shape of x.
  ///   - before: The index in y of x's first element, along each axis.
  ///   - padded: The shape of y.
  static func pad(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, sizes: [Int], before: [Int], padded: [Int],
    value: Float, _ schedule: Schedule)
}
