// Axes in another order, and blocks of rows copied between strides (slices, concatenation).

import ApusKernelTypes

/// y ← x with its axes permuted: the result has `sizes`, and `strides[a]` is the distance in x along the result's axis a.
///
/// Tiles are runs along the result's last two axes. Where the last axis of the result is x's contiguous axis, rows are
/// copied; elsewhere blocks of 16 × 16 keep both sides' cache lines in use.
func permute(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, sizes: [Int], strides: [Int], _ schedule: Schedule
) {
  let rank = sizes.count
  guard rank > 0 else {
    y[0] = x[0]
    return
  }
  let columns = sizes[rank - 1]
  let columnStride = strides[rank - 1]
  let rows = rank > 1 ? sizes[rank - 2] : 1
  let rowStride = rank > 1 ? strides[rank - 2] : 0
  let planes = sizes.dropLast(2).reduce(1, *)
  guard rows * columns * planes > 0 else { return }

  func planeOffset(_ plane: Int) -> Int {
    var (rest, offset) = (plane, 0)
    for axis in stride(from: rank - 3, through: 0, by: -1) {
      offset += rest % sizes[axis] * strides[axis]
      rest /= sizes[axis]
    }
    return offset
  }

  let rowsPerTile = max(16, min(rows, 16_384 / columns / 16 * 16))
  let tilesPerPlane = (rows + rowsPerTile - 1) / rowsPerTile
  let planesPerTile = max(1, 16_384 / (rows * columns))
  if tilesPerPlane == 1 {
    forEachChunk(of: planes, grain: planesPerTile, schedule) { range in
      for plane in range {
        copyPlane(
          x + planeOffset(plane), y + plane * rows * columns, rows: 0..<rows, columns: columns, rowStride: rowStride,
          columnStride: columnStride)
      }
    }
  } else {
    schedule.run(planes * tilesPerPlane) { tile, _ in
      let (plane, part) = (tile / tilesPerPlane, tile % tilesPerPlane)
      copyPlane(
        x + planeOffset(plane), y + plane * rows * columns,
        rows: part * rowsPerTile..<min(rows, (part + 1) * rowsPerTile), columns: columns, rowStride: rowStride,
        columnStride: columnStride)
    }
  }
}

private func copyPlane(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Range<Int>, columns: Int, rowStride: Int,
  columnStride: Int
) {
  if columnStride == 1 {
    for row in rows { (y + row * columns).update(from: x + row * rowStride, count: columns) }
    return
  }
  if columnStride == 0 {
    for row in rows { (y + row * columns).update(repeating: x[row * rowStride], count: columns) }
    return
  }
  let block = 16
  for rowStart in stride(from: rows.lowerBound, to: rows.upperBound, by: block) {
    for columnStart in stride(from: 0, to: columns, by: block) {
      for row in rowStart..<min(rows.upperBound, rowStart + block) {
        for column in columnStart..<min(columns, columnStart + block) {
          y[row * columns + column] = x[row * rowStride + column * columnStride]
        }
      }
    }
  }
}

/// y[r · yStride + j] ← x[r · xStride + j] for j < columns
func copyRows(
  _ x: UnsafePointer<Float>, stride xStride: Int, _ y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int,
  columns: Int, _ schedule: Schedule
) {
  forEachPiece(rows: rows, columns: columns, schedule) { row, range in
    (y + row * yStride + range.lowerBound).update(from: x + row * xStride + range.lowerBound, count: range.count)
  }
}
