// The position of the largest or smallest element along an axis, and a gradient shared among equal elements.
// Read first: Reductions.swift. Read next: CumulativeSum.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// positions[o, i] ← the first r at which x[o, r, i] is the largest (or smallest) over r; the first NaN if there is one.
  package static func extremePositions(
    _ x: UnsafePointer<Float>, _ positions: UnsafeMutablePointer<Int32>, outer: Int, count: Int, inner: Int,
    isLargest: Bool, _ schedule: Schedule
  ) {
    if inner == 1 {
      forEachRowChunk(rows: outer, width: count, schedule) { rows in
        for row in rows {
          let p = x + row * count
          positions[row] = Int32(firstPosition(of: extreme(p, count: count, isLargest: isLargest), in: p, count: count))
        }
      }
      return
    }
    let sign: Float = isLargest ? 1 : -1
    forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
      let (p, out) = (x + o * count * inner, positions + o * inner)
      @inline(__always) func place(_ row: (Int) -> Lanes) -> LaneIntegers {
        var best = row(0) * sign
        var place = LaneIntegers.zero
        for r in 1..<max(1, count) {
          let next = row(r) * sign
          let isBetter = (next .> best) .| ((next .!= next) .& (best .== best))
          best = best.replacing(with: next, where: isBetter)
          place = place.replacing(with: LaneIntegers(repeating: Int32(r)), where: isBetter)
        }
        return place
      }
      forEachVector(in: columns) { j in
        let places = place { p.lanes(at: $0 * inner + j) }
        UnsafeMutableRawPointer(out + j).storeBytes(of: places, as: LaneIntegers.self)
      } tail: { j, lanes in
        let places = place { p.partialLanes(at: $0 * inner + j, count: lanes) }
        for lane in 0..<lanes { out[j + lane] = places[lane] }
      }
    }
  }
}

/// The first position of `value` in a row that has it; for NaN, the position of the first NaN.
@inline(__always)
private func firstPosition(of value: Float, in x: UnsafePointer<Float>, count: Int) -> Int {
  let isNaN = value != value
  let v = Lanes(repeating: value)
  var index = 0
  while index + laneCount <= count {
    let lanes = x.lanes(at: index)
    if hasAny(isNaN ? lanes .!= lanes : lanes .== v) { break }
    index += laneCount
  }
  while index < count - 1 && (isNaN ? x[index] == x[index] : x[index] != value) { index += 1 }
  return index
}

extension SIMDKernels {
  /// dx[o, r, i] ← dy[o, i] / n where x[o, r, i] equals y[o, i], which n elements do; 0 elsewhere. NaN equals NaN here.
  package static func shareAmongEqual(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule
  ) {
    @inline(__always) func isEqual(_ x: Lanes, _ y: Lanes) -> SIMDMask<LaneIntegers> {
      (x .== y) .| ((x .!= x) .& (y .!= y))
    }
    @inline(__always) func ones(_ x: Lanes, _ y: Lanes) -> Lanes { Lanes.zero.replacing(with: 1, where: isEqual(x, y)) }
    if inner == 1 {
      let (block, blocks) = (16_384, max(1, (count + 16_383) / 16_384))
      // Count the equal elements in each block of each row, then in each row. Counts up to 2²⁴ are exact in Float.
      let scratch = ScratchBuffer(count: outer * blocks)
      defer { scratch.free() }
      let counts = scratch.pointer
      forEachPiece(rows: outer, columns: count, elements: block, schedule) { row, range in
        let (p, value) = (x + row * count + range.lowerBound, Lanes(repeating: y[row]))
        counts[row * blocks + range.lowerBound / block] = sum(
          range.count, of: { ones(p.lanes(at: $0), value) },
          tail: { index, lanes in
            var equal = ones(p.partialLanes(at: index, count: lanes), value)
            for lane in lanes..<laneCount { equal[lane] = 0 }
            return equal
          })
      }
      forEachPiece(rows: outer, columns: count, elements: block, schedule) { row, range in
        var total: Float = 0
        for i in 0..<blocks { total += counts[row * blocks + i] }
        let (p, out) = (x + row * count, dx + row * count)
        let (value, share) = (Lanes(repeating: y[row]), Lanes(repeating: dy[row] / total))
        forEachVector(in: range) { j in
          out.store(Lanes.zero.replacing(with: share, where: isEqual(p.lanes(at: j), value)), at: j)
        } tail: { j, lanes in
          let equal = isEqual(p.partialLanes(at: j, count: lanes), value)
          out.storePartial(Lanes.zero.replacing(with: share, where: equal), at: j, count: lanes)
        }
      }
      return
    }
    forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
      let (p, out) = (x + o * count * inner, dx + o * count * inner)
      let (value, g) = (y + o * inner, dy + o * inner)
      forEachVector(in: columns) { j in
        let v = value.lanes(at: j)
        var total = Lanes.zero
        for r in 0..<count { total += ones(p.lanes(at: r * inner + j), v) }
        let share = g.lanes(at: j) / total
        for r in 0..<count {
          let equal = isEqual(p.lanes(at: r * inner + j), v)
          out.store(Lanes.zero.replacing(with: share, where: equal), at: r * inner + j)
        }
      } tail: { j, lanes in
        let v = value.partialLanes(at: j, count: lanes)
        var total = Lanes.zero
        for r in 0..<count { total += ones(p.partialLanes(at: r * inner + j, count: lanes), v) }
        let share = g.partialLanes(at: j, count: lanes) / total
        for r in 0..<count {
          let equal = isEqual(p.partialLanes(at: r * inner + j, count: lanes), v)
          out.storePartial(Lanes.zero.replacing(with: share, where: equal), at: r * inner + j, count: lanes)
        }
      }
    }
  }
}
