// Bias, activation and the backward's factors, applied to a block of a product while it is in a near cache.
// Read first: ../Pointwise/PointwiseFunction.swift. Read next: BlockedMatMul.swift.

import ApusKernelTypes

/// C ← act(C + bias) ∘ factors on `rows` × `columns`, and slopes ← act′(C + bias) if the backward needs them; adds the sums of
/// the block's columns to `sums`.
@inline(never)
func finish(_ p: MatMulArguments, rows: Range<Int>, columns: Range<Int>, sums: UnsafeMutablePointer<Float>? = nil) {
  guard p.bias != nil || p.activation != nil || p.factors != nil || sums != nil else { return }
  for row in rows {
    let start = row * p.cRowStride + columns.lowerBound
    let c = p.c + start
    if let bias = p.bias { addRow(bias + columns.lowerBound, to: c, count: columns.count) }
    if let activation = p.activation {
      map(activation, UnsafePointer(c), c, slopes: p.slopes.map { $0 + start }, count: columns.count)
    }
    if let factors = p.factors { multiply(c, by: factors + start, count: columns.count) }
    if let sums { addRow(UnsafePointer(c), to: sums + columns.lowerBound, count: columns.count) }
  }
}

/// Computes the sums of a finished product's columns, if they are wanted, for products that are not cut into blocks.
func sumColumns(_ p: MatMulArguments) {
  guard let sums = p.columnSums else { return }
  addRows(p.c, rows: p.m, stride: p.cRowStride, into: sums, count: p.n)
}

/// y ← the sum of the rows of x, which are `stride` apart, in order.
func addRows(
  _ x: UnsafePointer<Float>, rows: Int, stride: Int, into y: UnsafeMutablePointer<Float>, count: Int
) {
  y.update(repeating: 0, count: count)
  for row in 0..<rows { addRow(x + row * stride, to: y, count: count) }
}

/// y ← y ∘ x
private func multiply(_ y: UnsafeMutablePointer<Float>, by x: UnsafePointer<Float>, count: Int) {
  var index = 0
  while index + laneCount <= count {
    y.store(y.lanes(at: index) * x.lanes(at: index), at: index)
    index += laneCount
  }
  if index < count {
    let left = count - index
    y.storePartial(
      y.partialLanes(at: index, count: left) * x.partialLanes(at: index, count: left), at: index, count: left)
  }
}
