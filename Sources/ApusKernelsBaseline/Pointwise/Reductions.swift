// Sums, maxima and minima over an axis, and the sum of squares for norms.
// Read first: SIMD/Reduce.swift. Read next: ApusTensor/Ops/Reductions.swift.

import ApusKernelTypes

/// Elements that one tile of a long sum adds up; a function of nothing, so that sums have one order.
private let sumBlock = 16_384

/// y[o, i] ← reduction over r of x[o, r, i], for x [outer, count, inner].
func reduce(
  _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int,
  inner: Int, _ schedule: Schedule
) {
  guard outer > 0, inner > 0 else { return }
  if inner == 1 && outer == 1 && count > sumBlock {
    reduceLongRow(reduction, x, y, count: count, schedule)
  } else if inner == 1 {
    forEachRowChunk(rows: outer, width: count, schedule) { rows in
      for row in rows { y[row] = reduceRow(reduction, x + row * count, count: count) }
    }
  } else {
    // Columns: each tile owns a strip of the inner axis, and walks down the rows in order.
    let strip = min(inner, max(4 * laneCount, 16_384 / max(1, count) / laneCount * laneCount))
    let strips = (inner + strip - 1) / strip
    let body: Schedule.Body = { tile, _ in
      let (o, s) = (tile / strips, tile % strips)
      let columns = s * strip..<min(inner, (s + 1) * strip)
      let source = x + o * count * inner
      let target = y + o * inner
      reduceColumns(reduction, source, target, rows: count, stride: inner, columns: columns)
    }
    if outer * strips == 1 { body(0, 0) } else { schedule.run(outer * strips, body) }
  }
}

private func reduceRow(_ reduction: Reduction, _ x: UnsafePointer<Float>, count: Int) -> Float {
  switch reduction {
  case .sum:
    return sum(count, of: { x.lanes(at: $0) }, tail: { x.partialLanes(at: $0, count: $1) })
  case .maximum:
    return largest(x, count: count)
  case .minimum:
    var low = Lanes(repeating: .infinity)
    forEachVector(in: 0..<count) { index in
      low = minimum(low, x.lanes(at: index))
    } tail: { index, count in
      low = minimum(low, x.partialLanes(at: index, count: count, padding: .infinity))
    }
    return -horizontalMaximum(-low)
  }
}

/// One long row: blocks side by side, then the blocks' results in order.
private func reduceLongRow(
  _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
  _ schedule: Schedule
) {
  let blocks = (count + sumBlock - 1) / sumBlock
  let partial = ScratchBuffer(count: blocks)
  defer { partial.free() }
  let results = partial.pointer
  schedule.run(blocks) { tile, _ in
    let start = tile * sumBlock
    results[tile] = reduceRow(reduction, x + start, count: min(sumBlock, count - start))
  }
  y[0] = reduceRow(reduction, results, count: blocks)
}

/// y[j] ← reduction over the rows of x[·, j], for a strip of columns: four vectors at a time stay in registers.
private func reduceColumns(
  _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, stride: Int,
  columns: Range<Int>
) {
  // (A switch: `==` on an enumeration with raw values is a generic call.)
  let start: Float
  switch reduction {
  case .sum: start = 0
  case .maximum: start = -.infinity
  case .minimum: start = .infinity
  }
  @inline(__always) func combine(_ a: Lanes, _ b: Lanes) -> Lanes {
    switch reduction {
    case .sum: return a + b
    case .maximum: return maximum(a, b)
    case .minimum: return minimum(a, b)
    }
  }
  var j = columns.lowerBound
  while j + 4 * laneCount <= columns.upperBound {
    var (a, b, c, d) = (
      Lanes(repeating: start), Lanes(repeating: start), Lanes(repeating: start), Lanes(repeating: start)
    )
    var p = x + j
    for _ in 0..<rows {
      a = combine(a, p.lanes(at: 0))
      b = combine(b, p.lanes(at: laneCount))
      c = combine(c, p.lanes(at: 2 * laneCount))
      d = combine(d, p.lanes(at: 3 * laneCount))
      p += stride
    }
    y.store(a, at: j)
    y.store(b, at: j + laneCount)
    y.store(c, at: j + 2 * laneCount)
    y.store(d, at: j + 3 * laneCount)
    j += 4 * laneCount
  }
  forEachVector(in: j..<columns.upperBound) { j in
    var a = Lanes(repeating: start)
    for row in 0..<rows { a = combine(a, x.lanes(at: row * stride + j)) }
    y.store(a, at: j)
  } tail: { j, count in
    var a = Lanes(repeating: start)
    for row in 0..<rows { a = combine(a, x.partialLanes(at: row * stride + j, count: count)) }
    y.storePartial(a, at: j, count: count)
  }
}

/// Σ x², in Double across blocks of 16,384.
func sumOfSquares(_ x: UnsafePointer<Float>, count: Int, _ schedule: Schedule) -> Double {
  let blocks = (count + sumBlock - 1) / sumBlock
  guard blocks > 0 else { return 0 }
  let partial = ScratchBuffer(count: blocks)
  defer { partial.free() }
  let results = partial.pointer
  forEachChunk(of: count, grain: sumBlock, schedule) { range in
    let p = x + range.lowerBound
    results[range.lowerBound / sumBlock] = sum(
      range.count,
      of: { squared(p.lanes(at: $0)) },
      tail: { squared(p.partialLanes(at: $0, count: $1)) })
  }
  var total = 0.0
  for block in 0..<blocks { total += Double(results[block]) }
  return total
}
