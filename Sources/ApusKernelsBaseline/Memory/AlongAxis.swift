// Gather and scatter along an axis by an index tensor, and selection of whole slices by index.
// Read first: Gather.swift, the same for the rows of a table; StridedAdd.swift for `stridedOffset`.

package import ApusKernelTypes

extension SIMDKernels {
  /// y[i, …, j] ← x[i, …, indices[i, …, j], …, j]: the index takes the place of one axis.
  ///
  /// - Parameters:
  ///   - sizes: The shape of `indices` and y.
  ///   - strides: Distances in x along these axes, 0 along the indexed one.
  ///   - axisStride: The distance in x along the indexed axis.
  package static func gatherAlong(
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

  /// y[i, …, indices[i, …, j], …, j] ← x[i, …, j], or += if `adds`; elements with the same target come in the order of x.
  ///
  /// Elements with different indices along the axes before the indexed one, or in different columns after it, have different
  /// targets. So the tiles are cut along these axes.
  ///
  /// - Parameters:
  ///   - sizes: The shape of `indices` and x.
  ///   - strides: Distances in y along these axes, 0 along the indexed one.
  ///   - axisStride: The distance in y along the indexed axis.
  ///   - axis: The indexed axis.
  package static func scatterAlong(
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
  package static func indexSelect(
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

  /// y[o, indices[i], ·] += x[o, i, ·], in the order of i.
  package static func indexAdd(
    _ x: UnsafePointer<Float>, indices: UnsafePointer<Int32>, to y: UnsafeMutablePointer<Float>, outer: Int,
    count: Int, chosen: Int, inner: Int, _ schedule: Schedule
  ) {
    if inner == 1 {
      forEachRowChunk(rows: outer, width: chosen, schedule) { range in
        for o in range {
          for i in 0..<chosen { y[o * count + Int(indices[i])] += x[o * chosen + i] }
        }
      }
    } else {
      forEachStrip(outer: outer, count: chosen, inner: inner, schedule) { o, columns in
        for i in 0..<chosen {
          let source = x + (o * chosen + i) * inner
          let target = y + (o * count + Int(indices[i])) * inner
          addRow(source + columns.lowerBound, to: target + columns.lowerBound, count: columns.count)
        }
      }
    }
  }
}
