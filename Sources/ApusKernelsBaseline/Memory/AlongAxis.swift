// What an index tensor picks along one axis, and the adjoints: gather, scatter, and whole rows by index.
// Read first: Gather.swift, the same for the rows of a table; StridedAdd.swift for `stridedOffset`.

import ApusKernelTypes

/// The copy kernels of this instruction set.
func makeCopyKernels() -> CopyKernels {
  CopyKernels(
    fill: { fill($0, $1, count: $2, $3) },
    largestIndex: { largestIndex($0, count: $1, $2) },
    addStrided: { addStrided($0, $1, sizes: $2, strides: $3, $4) },
    pad: { pad($0, $1, sizes: $2, before: $3, padded: $4, value: $5, $6) },
    gatherAlong: { gatherAlong($0, indices: $1, $2, sizes: $3, strides: $4, axisStride: $5, $6) },
    scatterAlong: {
      scatterAlong($0, indices: $1, $2, sizes: $3, strides: $4, axisStride: $5, axis: $6, adds: $7, $8)
    },
    select: { select($0, indices: $1, $2, outer: $3, count: $4, chosen: $5, inner: $6, $7) },
    selectAdd: { selectAdd($0, indices: $1, $2, outer: $3, count: $4, chosen: $5, inner: $6, $7) },
    packPanels: { packPanels($0, rowStride: $1, rows: $2, columns: $3, into: $4, $5) },
    panelCount: { Panels(columns: $0).paddedColumns * $1 }
  )
}

/// y[i, …, j] ← x[i, …, indices[i, …, j], …, j]: the index takes the place of one axis.
///
/// - Parameters:
///   - sizes: the shape of `indices` and y.
///   - strides: distances in x along these axes, 0 along the indexed one.
///   - axisStride: the distance in x along the indexed axis.
func gatherAlong(
  _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, sizes: [Int],
  strides: [Int], axisStride: Int, _ schedule: Schedule
) {
  let last = sizes.count - 1
  let (columns, columnStride) = (sizes[last], strides[last])
  forEachPiece(rows: sizes[..<last].reduce(1, *), columns: columns, schedule) { row, range in
    let source = x + stridedOffset(row, sizes: sizes, strides: strides, axes: last)
    let (places, target) = (indices + row * columns, y + row * columns)
    for j in range { target[j] = source[Int(places[j]) * axisStride + j * columnStride] }
  }
}

/// y[i, …, indices[i, …, j], …, j] ← x[i, …, j], or += if `adds`; elements that meet come in the order of x.
///
/// Axes before the indexed one keep elements apart, and so do columns behind it: tiles are made of these.
///
/// - Parameters:
///   - sizes: the shape of `indices` and x.
///   - strides: distances in y along these axes, 0 along the indexed one.
///   - axisStride: the distance in y along the indexed axis.
///   - axis: which one is indexed.
func scatterAlong(
  _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, sizes: [Int],
  strides: [Int], axisStride: Int, axis: Int, adds: Bool, _ schedule: Schedule
) {
  let last = sizes.count - 1
  let (columns, columnStride) = (sizes[last], strides[last])
  let rows = sizes[..<last].reduce(1, *)

  @inline(__always) func scatter(row: Int, _ range: Range<Int>) {
    let target = y + stridedOffset(row, sizes: sizes, strides: strides, axes: last)
    let (places, source) = (indices + row * columns, x + row * columns)
    if adds {
      for j in range { target[Int(places[j]) * axisStride + j * columnStride] += source[j] }
    } else {
      for j in range { target[Int(places[j]) * axisStride + j * columnStride] = source[j] }
    }
  }

  let outer = sizes[..<axis].reduce(1, *)
  guard outer > 0, rows > 0, columns > 0 else { return }
  if outer > 1 || axis == last {
    let rowsOfOne = rows / outer
    forEachRowChunk(rows: outer, width: rowsOfOne * columns, schedule) { range in
      for row in range.lowerBound * rowsOfOne..<range.upperBound * rowsOfOne { scatter(row: row, 0..<columns) }
    }
  } else {
    forEachChunk(of: columns, grain: max(64, 16_384 / rows), schedule) { range in
      for row in 0..<rows { scatter(row: row, range) }
    }
  }
}

/// y[o, i, ·] ← x[o, indices[i], ·] for x [outer, count, inner].
func select(
  _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int,
  chosen: Int, inner: Int, _ schedule: Schedule
) {
  if inner == 1 {
    forEachPiece(rows: outer, columns: chosen, schedule) { o, range in
      let (source, target) = (x + o * count, y + o * chosen)
      for i in range { target[i] = source[Int(indices[i])] }
    }
  } else {
    forEachPiece(rows: outer * chosen, columns: inner, schedule) { row, range in
      let source = x + (row / chosen * count + Int(indices[row % chosen])) * inner
      (y + row * inner + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
    }
  }
}

/// dx[o, indices[i], ·] += dy[o, i, ·], in the order of i.
func selectAdd(
  _ dy: UnsafePointer<Float>, indices: UnsafePointer<Int32>, _ dx: UnsafeMutablePointer<Float>, outer: Int,
  count: Int, chosen: Int, inner: Int, _ schedule: Schedule
) {
  if inner == 1 {
    forEachRowChunk(rows: outer, width: chosen, schedule) { range in
      for o in range {
        for i in 0..<chosen { dx[o * count + Int(indices[i])] += dy[o * chosen + i] }
      }
    }
  } else {
    forEachStrip(outer: outer, count: chosen, inner: inner, schedule) { o, columns in
      for i in 0..<chosen {
        let source = dy + (o * chosen + i) * inner
        let target = dx + (o * count + Int(indices[i])) * inner
        addRow(source + columns.lowerBound, to: target + columns.lowerBound, count: columns.count)
      }
    }
  }
}
