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
    forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
      reduceColumns(reduction, x + o * count * inner, y + o * inner, rows: count, stride: inner, columns: columns)
    }
  }
}

private func reduceRow(_ reduction: Reduction, _ x: UnsafePointer<Float>, count: Int) -> Float {
  switch reduction {
  case .sum:
    return sum(count, of: { x.lanes(at: $0) }, tail: { x.partialLanes(at: $0, count: $1) })
  case .maximum: return extreme(x, count: count, isLargest: true)
  case .minimum: return extreme(x, count: count, isLargest: false)
  }
}

/// The larger of a and b, or NaN if one of them is: a mistake upstream should show.
@inline(__always)
func maximumOrNaN(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: (b .> a) .| (b .!= b)) }

/// The largest or smallest element of a row, NaN if there is one; ∓∞ for an empty row.
@inline(__always)
func extreme(_ x: UnsafePointer<Float>, count: Int, isLargest: Bool) -> Float {
  // The smallest is minus the largest of −x.
  let sign: Float = isLargest ? 1 : -1
  let lowest = -Float.infinity
  var (m0, m1) = (Lanes(repeating: lowest), Lanes(repeating: lowest))
  var index = 0
  while index + 2 * laneCount <= count {
    m0 = maximumOrNaN(m0, x.lanes(at: index) * sign)
    m1 = maximumOrNaN(m1, x.lanes(at: index + laneCount) * sign)
    index += 2 * laneCount
  }
  while index + laneCount <= count {
    m0 = maximumOrNaN(m0, x.lanes(at: index) * sign)
    index += laneCount
  }
  if index < count {
    m1 = maximumOrNaN(m1, x.partialLanes(at: index, count: count - index, padding: lowest * sign) * sign)
  }
  let m = maximumOrNaN(m0, m1)
  return hasAny(m .!= m) ? .nan : horizontalMaximum(m) * sign
}

/// Whether a comparison holds in any lane.
@inline(__always)
func hasAny(_ mask: SIMDMask<LaneIntegers>) -> Bool {
  horizontalMaximum(Lanes.zero.replacing(with: 1, where: mask)) > 0
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
    case .maximum: return maximumOrNaN(a, b)
    case .minimum: return a.replacing(with: b, where: (b .< a) .| (b .!= b))
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
