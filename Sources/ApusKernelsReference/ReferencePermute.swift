// The naive twins of permuting axes and of copying rows between strides.
// Read next: ApusKernelsBaseline/Memory/Permute.swift, the kernels.

extension Reference {
  /// y[i₀, i₁, …] = x[i₀·strides₀ + i₁·strides₁ + …], for every index within `sizes`.
  ///
  /// - Parameters:
  ///   - x: All elements that the strides reach.
  ///   - sizes: The shape of the result; empty for a single number.
  ///   - strides: The distance in x along each axis of the result.
  /// - Returns: The result, in row-major order.
  @specialized(where T == Double)
  @specialized(where T == Float)
  package static func permute<T: ReferenceScalar>(_ x: [T], sizes: [Int], strides: [Int]) -> [T] {
    let count = sizes.reduce(1, *)
    var y = [T](repeating: 0, count: count)
    for position in 0..<count {
      var (rest, offset) = (position, 0)
      for axis in sizes.indices.reversed() {
        offset += rest % sizes[axis] * strides[axis]
        rest /= sizes[axis]
      }
      y[position] = x[offset]
    }
    return y
  }

  /// y[r · yStride + j] = x[r · xStride + j] for j < columns; the other elements of y are kept.
  ///
  /// - Parameters:
  ///   - x: The source.
  ///   - xStride: The distance between the source's rows.
  ///   - y: The target before.
  ///   - yStride: The distance between the target's rows.
  ///   - rows: Number of rows.
  ///   - columns: The elements of each row that are copied.
  /// - Returns: The target after.
  @specialized(where T == Double)
  @specialized(where T == Float)
  package static func copyRows<T: ReferenceScalar>(
    _ x: [T], stride xStride: Int, into y: [T], stride yStride: Int, rows: Int, columns: Int
  ) -> [T] {
    var result = y
    for r in 0..<rows {
      for j in 0..<columns { result[r * yStride + j] = x[r * xStride + j] }
    }
    return result
  }
}
