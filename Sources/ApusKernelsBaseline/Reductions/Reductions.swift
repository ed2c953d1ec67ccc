// Sums, maxima and minima along an axis, and the sum of squares for norms.
// Read first: ../SIMD/Reduce.swift. Read next: Variance.swift; ApusTensor/Ops/Reductions.swift.

package import ApusKernelTypes

/// Elements in each tile of a long sum; a constant, so that the order of additions is fixed.
private let sumBlock = 16_384

extension SIMDKernels {
  /// y[o, i] ← reduction over r of x[o, r, i], for x [outer, count, inner].
  package static func reduce(
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
      // Each tile is a strip of the inner axis, and goes down the rows in order.
      forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
        reduceColumns(reduction, x + o * count * inner, y + o * inner, rows: count, stride: inner, columns: columns)
      }
    }
  }
}

private func reduceRow(_ reduction: Reduction, _ x: UnsafePointer<Float>, count: Int) -> Float {
  switch reduction {
  case .sum: return sum(x, count: count)
  case .maximum: return extreme(x, count: count, isLargest: true)
  case .minimum: return extreme(x, count: count, isLargest: false)
  }
}

/// The larger of a and b, or NaN if either is NaN, so that a mistake upstream stays visible.
@inline(__always)
func maximumOrNaN(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: (b .> a) .| (b .!= b)) }

/// The largest or smallest element of a row, or NaN if the row has one; ∓∞ for an empty row.
@inline(__always)
func extreme(_ x: UnsafePointer<Float>, count: Int, isLargest: Bool) -> Float {
  // The smallest is minus the largest of −x.
  isLargest
    ? largestOrNaN(count, of: { x.lanes(at: $0) }, tail: { x.partialLanes(at: $0, count: $1, padding: -.infinity) })
    : -largestOrNaN(count, of: { -x.lanes(at: $0) }, tail: { -x.partialLanes(at: $0, count: $1, padding: .infinity) })
}

/// The largest of f over the full vectors and `tail` over the rest, or NaN if there is one.
@inline(__always)
private func largestOrNaN(_ count: Int, of f: (Int) -> Lanes, tail: (Int, Int) -> Lanes) -> Float {
  let lowest = Lanes(repeating: -.infinity)
  var (m0, m1, m2, m3) = (lowest, lowest, lowest, lowest)
  var index = 0
  while index + 4 * laneCount <= count {
    m0 = maximumOrNaN(m0, f(index))
    m1 = maximumOrNaN(m1, f(index + laneCount))
    m2 = maximumOrNaN(m2, f(index + 2 * laneCount))
    m3 = maximumOrNaN(m3, f(index + 3 * laneCount))
    index += 4 * laneCount
  }
  while index + laneCount <= count {
    m0 = maximumOrNaN(m0, f(index))
    index += laneCount
  }
  if index < count { m1 = maximumOrNaN(m1, tail(index, count - index)) }
  let m = maximumOrNaN(maximumOrNaN(m0, m1), maximumOrNaN(m2, m3))
  return hasAny(m .!= m) ? .nan : horizontalMaximum(m)
}

/// Whether a comparison holds in any lane.
@inline(__always)
func hasAny(_ mask: SIMDMask<LaneIntegers>) -> Bool {
  horizontalMaximum(Lanes.zero.replacing(with: 1, where: mask)) > 0
}

/// Reduces one long row: first its blocks in parallel, then the blocks' results in order.
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

/// y[j] ← reduction over the rows of x[·, j], for a strip of columns.
///
/// It goes down sixteen rows at a time and keeps intermediate results in y, which stays in the nearest cache; so x is read
/// almost in the order of memory.
private func reduceColumns(
  _ reduction: Reduction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, stride: Int,
  columns: Range<Int>
) {
  // A switch rather than a comparison: `==` on an enumeration with raw values is a generic call.
  switch reduction {
  case .sum: reduceColumns(x, y, rows: rows, stride: stride, columns: columns, from: 0) { $0 + $1 }
  case .maximum:
    reduceColumns(x, y, rows: rows, stride: stride, columns: columns, from: -.infinity) { maximumOrNaN($0, $1) }
  case .minimum:
    reduceColumns(x, y, rows: rows, stride: stride, columns: columns, from: .infinity) { a, b in
      a.replacing(with: b, where: (b .< a) .| (b .!= b))
    }
  }
}

@inline(__always)
private func reduceColumns(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, stride: Int, columns: Range<Int>,
  from start: Float, _ combine: (Lanes, Lanes) -> Lanes
) {
  (y + columns.lowerBound).update(repeating: start, count: columns.count)
  var first = 0
  while first < rows {
    let end = min(rows, first + 16)
    var j = columns.lowerBound
    while j + 4 * laneCount <= columns.upperBound {
      var (a, b) = (y.lanes(at: j), y.lanes(at: j + laneCount))
      var (c, d) = (y.lanes(at: j + 2 * laneCount), y.lanes(at: j + 3 * laneCount))
      var p = x + first * stride + j
      for _ in first..<end {
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
      var a = y.lanes(at: j)
      for row in first..<end { a = combine(a, x.lanes(at: row * stride + j)) }
      y.store(a, at: j)
    } tail: { j, count in
      var a = y.partialLanes(at: j, count: count)
      for row in first..<end { a = combine(a, x.partialLanes(at: row * stride + j, count: count)) }
      y.storePartial(a, at: j, count: count)
    }
    first = end
  }
}

extension SIMDKernels {
  /// Σ x²; the sums of blocks of 16,384 elements are added in Double.
  package static func sumOfSquares(_ x: UnsafePointer<Float>, count: Int, _ schedule: Schedule) -> Double {
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
}
