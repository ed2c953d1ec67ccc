// Rows of a table by index, and the adjoint, which adds rows to a table. Read next: AlongAxis.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// y[i, ·] ← table[indices[i], ·]
  package static func gather(
    _ table: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, count: Int,
    width: Int, _ schedule: Schedule
  ) {
    forEachRowChunk(rows: count, width: width, schedule) { range in
      for i in range { (y + i * width).update(from: table + Int(indices[i]) * width, count: width) }
    }
  }

  /// table[indices[i], ·] += x[i, ·], in the order of i, except where indices[i] is `skipped` (−1: nowhere).
  ///
  /// Tiles are strips of columns, so no two workers add to the same element.
  package static func scatterAdd(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, to table: UnsafeMutablePointer<Float>, count: Int,
    width: Int, skipping skipped: Int32, _ schedule: Schedule
  ) {
    // About eight strips, each wide enough to be read in long runs of memory.
    let even = min(512, width / 8 / laneCount * laneCount)
    let strip = max(laneCount, even, min(width, 32_768 / max(1, count) / laneCount * laneCount))
    forEachChunk(of: width, grain: strip, schedule) { columns in
      for i in 0..<count where indices[i] != skipped {
        addRow(
          x + i * width + columns.lowerBound, to: table + Int(indices[i]) * width + columns.lowerBound,
          count: columns.count)
      }
    }
  }
}
