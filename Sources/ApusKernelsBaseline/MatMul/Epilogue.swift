// Bias and activation on a block of the product that has just been computed and still lies in a near cache.
// Read next: Pointwise/Activations.swift.

import ApusKernelTypes

/// C ← act(C + bias) on `rows` × `columns`, keeping the values before the activation where the backward needs them.
func finish(_ p: MatMulArguments, rows: Range<Int>, columns: Range<Int>) {
  guard p.bias != nil || p.activation != nil else { return }
  for row in rows {
    let c = p.c + row * p.cRowStride + columns.lowerBound
    if let bias = p.bias {
      let bias = bias + columns.lowerBound
      forEachVector(in: 0..<columns.count) { index in
        c.store(c.lanes(at: index) + bias.lanes(at: index), at: index)
      } tail: { index, count in
        let sum = c.partialLanes(at: index, count: count) + bias.partialLanes(at: index, count: count)
        c.storePartial(sum, at: index, count: count)
      }
    }
    guard let activation = p.activation else { continue }
    if let kept = p.preActivation {
      (kept + row * p.cRowStride + columns.lowerBound).update(from: c, count: columns.count)
    }
    applyUnary(activation, UnsafePointer(c), c, count: columns.count)
  }
}
