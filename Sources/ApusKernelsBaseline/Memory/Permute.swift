// Copies that permute axes or read at any strides, and copies of rows for slices and concatenation.
// Read next: ../SIMD/Transpose.swift; StridedAdd.swift, the adjoint.

package import ApusKernelTypes

extension SIMDKernels {
  /// y ← x with its axes permuted: the result has `sizes`, and `strides[a]` is the distance in x along the result's axis a.
  ///
  /// Tiles are runs of planes of the result. A plane consists of the last axis and of the axis along which x is contiguous, or,
  /// if that is the last axis or there is none, the second-to-last axis. Where x is contiguous along the last axis, rows are
  /// copied. Where it is contiguous along another axis, small blocks are transposed in registers, so that x and y both use whole
  /// cache lines.
  package static func permute(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, sizes: [Int], strides: [Int], _ schedule: Schedule
  ) {
    let rank = sizes.count
    guard rank > 0 else {
      y[0] = x[0]
      return
    }
    let columns = sizes[rank - 1]
    let columnStride = strides[rank - 1]
    // The axis of the plane's rows.
    var rowAxis = rank - 2
    if columnStride != 1 {
      for axis in 0..<rank - 1 where strides[axis] == 1 { rowAxis = axis }
    }
    let rows = rank > 1 ? sizes[rowAxis] : 1
    let rowStride = rank > 1 ? strides[rowAxis] : 0
    var (planes, step) = (1, columns)
    for axis in 0..<rank - 1 {
      if axis != rowAxis { planes *= sizes[axis] }
      if axis > rowAxis { step *= sizes[axis] }
    }
    guard rows * columns * planes > 0 else { return }

    /// The offsets of a plane in x and in y.
    func offsets(_ plane: Int) -> (Int, Int) {
      var (rest, source, target, size) = (plane, 0, 0, columns)
      for axis in stride(from: rank - 2, through: 0, by: -1) {
        if axis != rowAxis {
          source += rest % sizes[axis] * strides[axis]
          target += rest % sizes[axis] * size
          rest /= sizes[axis]
        }
        size *= sizes[axis]
      }
      return (source, target)
    }

    let columnsPerTile = min(columns, 16_384)
    let rowsPerTile = max(16, min(rows, 16_384 / columnsPerTile / 16 * 16))
    let columnTiles = (columns + columnsPerTile - 1) / columnsPerTile
    let tilesPerPlane = (rows + rowsPerTile - 1) / rowsPerTile * columnTiles
    let planesPerTile = tilesPerPlane == 1 ? max(1, 16_384 / (rows * columns)) : 1
    forEachChunk(of: planes * tilesPerPlane, grain: planesPerTile, schedule) { tiles in
      for tile in tiles {
        let (plane, part) = (tile / tilesPerPlane, tile % tilesPerPlane)
        let (source, target) = offsets(plane)
        let row = part / columnTiles * rowsPerTile
        let column = part % columnTiles * columnsPerTile
        copyPlane(
          x + source + column * columnStride, y + target + column, rows: row..<min(rows, row + rowsPerTile),
          columns: min(columnsPerTile, columns - column), rowStride: rowStride, columnStride: columnStride, step: step)
      }
    }
  }
}

/// y[row · step + column] ← x[row · rowStride + column · columnStride]
private func copyPlane(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Range<Int>, columns: Int, rowStride: Int,
  columnStride: Int, step: Int
) {
  switch columnStride {
  case 1:
    for row in rows { (y + row * step).update(from: x + row * rowStride, count: columns) }
  case 0:
    for row in rows { (y + row * step).update(repeating: x[row * rowStride], count: columns) }
  case -1:
    for row in rows {
      let (source, target) = (x + row * rowStride, y + row * step)
      for column in 0..<columns { target[column] = source[-column] }
    }
  case 2:
    for row in rows { copyEven(x + row * rowStride, y + row * step, count: columns) }
  case _ where rowStride == 1:
    transposePlane(x, y, rows: rows, columns: columns, columnStride: columnStride, step: step)
  default:
    for row in rows {
      let (source, target) = (x + row * rowStride, y + row * step)
      for column in 0..<columns { target[column] = source[column * columnStride] }
    }
  }
}

/// y[i] ← x[2 · i]
private func copyEven(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
  var i = 0
  // Two vectors of x reach one element past the last one needed, so the last elements are copied one by one.
  while i + laneCount < count {
    let (a, b) = (x.lanes(at: 2 * i), x.lanes(at: 2 * i + laneCount))
    y.store(Lanes(lowHalf: a.evenHalf, highHalf: b.evenHalf), at: i)
    i += laneCount
  }
  while i < count {
    y[i] = x[2 * i]
    i += 1
  }
}

/// y[row · step + column] ← x[row + column · columnStride], in blocks that use whole cache lines of x and y.
func transposePlane(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Range<Int>, columns: Int, columnStride: Int,
  step: Int
) {
  let side = transposeSide
  let wholeColumns = columns / side * side
  for rowStart in stride(from: rows.lowerBound, to: rows.upperBound, by: 16) {
    let rowEnd = min(rows.upperBound, rowStart + 16)
    let wholeRows = rowStart + (rowEnd - rowStart) / side * side
    for columnStart in stride(from: 0, to: wholeColumns, by: side) {
      let source = x + columnStart * columnStride
      for row in stride(from: rowStart, to: wholeRows, by: side) {
        transposeBlock(source + row, columnStride, y + row * step + columnStart, step)
      }
    }
    for row in rowStart..<rowEnd {
      for column in (row < wholeRows ? wholeColumns : 0)..<columns {
        y[row * step + column] = x[row + column * columnStride]
      }
    }
  }
}

extension SIMDKernels {
  /// y[r · yStride + j] ← x[r · xStride + j] for j < columns
  package static func copyRows(
    _ x: UnsafePointer<Float>, stride xStride: Int, _ y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int,
    columns: Int, _ schedule: Schedule
  ) {
    forEachPiece(rows: rows, columns: columns, schedule) { row, range in
      (y + row * yStride + range.lowerBound).update(from: x + row * xStride + range.lowerBound, count: range.count)
    }
  }

  /// y ← value
  package static func fill(_ y: UnsafeMutablePointer<Float>, with value: Float, count: Int, _ schedule: Schedule) {
    forEachChunk(of: count, grain: 32_768, schedule) { range in
      (y + range.lowerBound).update(repeating: value, count: range.count)
    }
  }

  /// The largest of some indices taken as unsigned, so that a negative one is larger than all others; 0 if there are none.
  package static func largestIndex(_ indices: UnsafePointer<Int32>, count: Int, _ schedule: Schedule) -> UInt32 {
    let chunk = 32_768
    @inline(__always) func largest(_ range: Range<Int>) -> UInt32 {
      var result: UInt32 = 0
      for i in range {
        let index = UInt32(bitPattern: indices[i])
        result = index > result ? index : result
      }
      return result
    }
    if count <= chunk { return largest(0..<count) }
    let chunks = (count + chunk - 1) / chunk
    let scratch = ScratchBuffer(count: chunks)
    defer { scratch.free() }
    let results = UnsafeMutableRawPointer(scratch.pointer).bindMemory(to: UInt32.self, capacity: chunks)
    forEachChunk(of: count, grain: chunk, schedule) { range in results[range.lowerBound / chunk] = largest(range) }
    var result: UInt32 = 0
    for i in 0..<chunks { result = max(result, results[i]) }
    return result
  }
}
