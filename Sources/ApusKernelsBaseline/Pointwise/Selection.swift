// Selection between two operands by a mask. Read next: ApusTensor/Ops/Selection.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// c[i] ← a[i] where mask[i] ≠ 0 (which NaN is), b[i] elsewhere; c may be any of them.
  package static func select(
    _ mask: UnsafePointer<Float>, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      let (p, q) = (a.advanced(by: start), b.advanced(by: start))
      selectChunk(mask + start, p.elements, isRow: p.isRow, q.elements, isRow: q.isRow, c + start, count: range.count)
    }
  }
}

private func selectChunk(
  _ mask: UnsafePointer<Float>, _ a: UnsafePointer<Float>, isRow aIsRow: Bool, _ b: UnsafePointer<Float>,
  isRow bIsRow: Bool, _ c: UnsafeMutablePointer<Float>, count: Int
) {
  let (one, other) = (Lanes(repeating: a[0]), Lanes(repeating: b[0]))
  @inline(__always) func loop(_ aIsRow: Bool, _ bIsRow: Bool) {
    forEachVector(in: 0..<count) { index in
      let otherwise = bIsRow ? b.lanes(at: index) : other
      let value = otherwise.replacing(with: aIsRow ? a.lanes(at: index) : one, where: mask.lanes(at: index) .!= 0)
      c.store(value, at: index)
    } tail: { index, count in
      let otherwise = bIsRow ? b.partialLanes(at: index, count: count) : other
      let chosen = aIsRow ? a.partialLanes(at: index, count: count) : one
      let mask = mask.partialLanes(at: index, count: count)
      c.storePartial(otherwise.replacing(with: chosen, where: mask .!= 0), at: index, count: count)
    }
  }
  switch (aIsRow, bIsRow) {
  case (true, true): loop(true, true)
  case (true, false): loop(true, false)
  case (false, true): loop(false, true)
  case (false, false): loop(false, false)
  }
}
