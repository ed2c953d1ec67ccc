// Rows of a table by index, and the adjoint: rows added into a table.

import ApusKernelTypes

/// y[i, ·] ← table[indices[i], ·]
func gather(
  _ table: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, count: Int,
  width: Int, _ schedule: Schedule
) {
  forEachRowChunk(rows: count, width: width, schedule) { range in
    for i in range { (y + i * width).update(from: table + Int(indices[i]) * width, count: width) }
  }
}

/// table[indices[i], ·] += x[i, ·], in the order of i; `skipped` is an index whose rows are left out (−1: none).
///
/// Tiles are strips of columns, so that no two workers add to the same element.
func scatterAdd(
  _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ table: UnsafeMutablePointer<Float>, count: Int,
  width: Int, skipping skipped: Int32, _ schedule: Schedule
) {
  // Long enough to be read as runs of memory, and about eight of them.
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
