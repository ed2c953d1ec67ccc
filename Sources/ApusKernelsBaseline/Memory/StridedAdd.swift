// Adding at strides, the adjoint of slices, and padding. Read first: Permute.swift, which reads at strides.
// Read next: AlongAxis.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// y[i₀ · strides₀ + i₁ · strides₁ + …] += x[i₀, i₁, …] for x of `sizes`.
  ///
  /// No two elements of x may be added to the same element of y. Tiles are runs of rows of x.
  package static func addStrided(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, sizes: [Int], strides: [Int], _ schedule: Schedule
  ) {
    let rank = sizes.count
    guard rank > 0 else {
      y[0] += x[0]
      return
    }
    let (columns, columnStride) = (sizes[rank - 1], strides[rank - 1])
    let rows = sizes.dropLast().reduce(1, *)
    forEachPiece(rows: rows, columns: columns, schedule) { row, range in
      let source = x + row * columns
      let target = y + stridedOffset(row, sizes: sizes, strides: strides, axes: rank - 1)
      if columnStride == 1 {
        addRow(source + range.lowerBound, to: target + range.lowerBound, count: range.count)
      } else {
        for j in range { target[j * columnStride] += source[j] }
      }
    }
  }
}

/// The offset of the `position`-th index, in row-major order, over the first `axes` axes of `sizes`.
@inline(__always)
func stridedOffset(_ position: Int, sizes: [Int], strides: [Int], axes: Int) -> Int {
  var (rest, offset) = (position, 0)
  for axis in stride(from: axes - 1, through: 0, by: -1) {
    offset += rest % sizes[axis] * strides[axis]
    rest /= sizes[axis]
  }
  return offset
}

extension SIMDKernels {
  /// y ← value, except for x, which starts at the index `before` of y; in one pass over y.
  package static func pad(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, sizes: [Int], before: [Int], padded: [Int],
    value: Float, _ schedule: Schedule
  ) {
    let rank = sizes.count
    guard rank > 0 else {
      y[0] = x[0]
      return
    }
    let (columns, width) = (sizes[rank - 1], padded[rank - 1])
    let start = before[rank - 1]
    let rows = padded.dropLast().reduce(1, *)
    forEachPiece(rows: rows, columns: width, schedule) { row, range in
      let target = y + row * width
      // The row of x that lies in this row of y, if there is one.
      var (rest, source, size, isInside) = (row, 0, 1, true)
      for axis in stride(from: rank - 2, through: 0, by: -1) {
        let i = rest % padded[axis] - before[axis]
        if i < 0 || i >= sizes[axis] { isInside = false }
        source += i * size
        size *= sizes[axis]
        rest /= padded[axis]
      }
      let first = min(max(start, range.lowerBound), range.upperBound)
      let last = isInside ? max(first, min(start + columns, range.upperBound)) : first
      (target + range.lowerBound).update(repeating: value, count: first - range.lowerBound)
      if last > first { (target + first).update(from: x + source * columns + first - start, count: last - first) }
      (target + last).update(repeating: value, count: range.upperBound - last)
    }
  }
}
