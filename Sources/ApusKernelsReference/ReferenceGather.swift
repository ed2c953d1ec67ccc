// The naive twins of looking up the rows of a table, and of the adjoint, which adds rows to it.
// Read next: ApusKernelsBaseline/Memory/Gather.swift, the kernels.

extension Reference {
  /// y[i, ·] = table[indices[i], ·]
  ///
  /// - Parameters:
  ///   - table: [any number of rows, width]
  ///   - indices: [count]
  ///   - width: Elements in each row.
  /// - Returns: [count, width]
  @specialized(where T == Double)
  package static func gather<T: ReferenceScalar>(_ table: [T], indices: [Int32], width: Int) -> [T] {
    var y: [T] = []
    y.reserveCapacity(indices.count * width)
    for index in indices {
      for j in 0..<width { y.append(table[Int(index) * width + j]) }
    }
    return y
  }

  /// table[indices[i], ·] += x[i, ·], in the order of i, except where indices[i] is `skipped`.
  ///
  /// - Parameters:
  ///   - x: [count, width]
  ///   - indices: [count]
  ///   - table: [any number of rows, width]
  ///   - width: Elements in each row.
  ///   - skipped: An index, or −1 to skip nothing.
  /// - Returns: The new table.
  @specialized(where T == Double)
  package static func scatterAdd<T: ReferenceScalar>(
    _ x: [T], indices: [Int32], to table: [T], width: Int, skipping skipped: Int32
  ) -> [T] {
    var result = table
    for (i, index) in indices.enumerated() where index != skipped {
      for j in 0..<width { result[Int(index) * width + j] += x[i * width + j] }
    }
    return result
  }
}
