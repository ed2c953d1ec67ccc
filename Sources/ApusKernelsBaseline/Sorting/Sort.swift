// Sorting along an axis, with the positions that the elements had.
// Read first: SortKeys.swift. Read next: TopK.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// values[o, ·, i] ← x[o, ·, i] in ascending (or descending) order, equal elements in that of their positions; NaN is the
  /// largest. positions[o, r, i] is where values[o, r, i] was.
  package static func sort(
    _ x: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>, _ positions: UnsafeMutablePointer<Int32>,
    outer: Int, count: Int, inner: Int, isDescending: Bool, _ schedule: Schedule
  ) {
    guard count > 0 else { return }
    forEachRowChunk(rows: outer * inner, width: count, elements: 4_096, schedule) { lines in
      let scratch = ScratchBuffer(count: 4 * count + digitCounts)
      defer { scratch.free() }
      let keys = UnsafeMutableRawPointer(scratch.pointer).bindMemory(to: UInt64.self, capacity: 2 * count)
      let counts = UnsafeMutableRawPointer(scratch.pointer + 4 * count)
        .bindMemory(to: UInt32.self, capacity: digitCounts)
      for line in lines {
        let start = line / inner * count * inner + line % inner
        for i in 0..<count { keys[i] = sortKey(x[start + i * inner], at: i, isDescending: isDescending) }
        let sorted = sortKeys(keys, spare: keys + count, count: count, counts: counts)
        for i in 0..<count {
          let place = position(of: sorted[i])
          values[start + i * inner] = x[start + place * inner]
          positions[start + i * inner] = Int32(truncatingIfNeeded: place)
        }
      }
    }
  }
}
