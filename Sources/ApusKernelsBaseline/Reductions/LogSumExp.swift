// log Σ eˣ along an axis, forward and backward, without overflow. Read first: ../Losses/Softmax.swift.
// Read next: Extremes.swift; ApusKernelsReference/ReferenceAxes.swift, the twins.

package import ApusKernelTypes

/// Elements in each tile of a long row.
private let block = 16_384

/// The number subtracted before the exponential: the largest element, or 0 where that is infinite, since ∞ − ∞ is NaN.
@inline(__always)
private func shift(_ top: Lanes) -> Lanes { top.replacing(with: 0, where: magnitude(top) .== .infinity) }

/// Σ e^(x − shift) of a row.
@inline(never)
func sumOfExponentials(_ x: UnsafePointer<Float>, count: Int, minus shift: Lanes) -> Float {
  @inline(__always) func exponential(_ index: Int, _ count: Int) -> Lanes {
    exp(x.lanes(at: index, count: count, padding: -.infinity) - shift)
  }
  return sum(count, of: exponential)
}

extension SIMDKernels {
  /// y[o, i] ← log Σ e^x[o, r, i] over r; −∞ over nothing, and where all elements are −∞.
  package static func logSumExp(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int,
    _ schedule: Schedule
  ) {
    if inner == 1 && outer == 1 && count > block {
      let blocks = (count + block - 1) / block
      let partial = ScratchBuffer(count: blocks)
      defer { partial.free() }
      let results = partial.pointer
      forEachChunk(of: count, grain: block, schedule) { range in
        results[range.lowerBound / block] = largest(x + range.lowerBound, count: range.count)
      }
      let top = shift(Lanes(repeating: largest(results, count: blocks)))
      forEachChunk(of: count, grain: block, schedule) { range in
        results[range.lowerBound / block] = sumOfExponentials(
          x + range.lowerBound, count: range.count, minus: top)
      }
      var total: Float = 0
      for i in 0..<blocks { total += results[i] }
      y[0] = (top + log(Lanes(repeating: total)))[0]
    } else if inner == 1 {
      forEachRowChunk(rows: outer, width: count, schedule) { rows in
        for row in rows {
          let p = x + row * count
          let top = shift(Lanes(repeating: largest(p, count: count)))
          y[row] = (top + log(Lanes(repeating: sumOfExponentials(p, count: count, minus: top))))[0]
        }
      }
    } else {
      forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
        let (p, out) = (x + o * count * inner, y + o * inner)
        // Two passes over 64 rows at a time, which the second pass finds in the cache. The maximum so far is kept in y, the
        // sum relative to it in scratch memory.
        let scratch = ScratchBuffer(count: columns.count)
        defer { scratch.free() }
        let sums = scratch.pointer - columns.lowerBound
        (out + columns.lowerBound).update(repeating: -.infinity, count: columns.count)
        scratch.pointer.update(repeating: 0, count: columns.count)
        var first = 0
        while first < count {
          let end = min(count, first + 64)
          @inline(__always) func join(
            _ row: (Int) -> Lanes, _ old: Lanes, _ sum: Lanes
          ) -> (top: Lanes, sum: Lanes) {
            var top = old
            for r in first..<end { top = maximum(top, row(r)) }
            let level = shift(top)
            var total = (sum * exp(shift(old) - level)).replacing(with: 0, where: old .== -.infinity)
            for r in first..<end { total += exp(row(r) - level) }
            return (top, total)
          }
          forEachVector(in: columns) { j in
            let joined = join({ p.lanes(at: $0 * inner + j) }, out.lanes(at: j), sums.lanes(at: j))
            out.store(joined.top, at: j)
            sums.store(joined.sum, at: j)
          } tail: { j, lanes in
            let joined = join(
              { p.partialLanes(at: $0 * inner + j, count: lanes) }, out.partialLanes(at: j, count: lanes),
              sums.partialLanes(at: j, count: lanes))
            out.storePartial(joined.top, at: j, count: lanes)
            sums.storePartial(joined.sum, at: j, count: lanes)
          }
          first = end
        }
        forEachVector(in: columns) { j in
          out.store(shift(out.lanes(at: j)) + log(sums.lanes(at: j)), at: j)
        } tail: { j, lanes in
          let total = log(sums.partialLanes(at: j, count: lanes))
          out.storePartial(shift(out.partialLanes(at: j, count: lanes)) + total, at: j, count: lanes)
        }
      }
    }
  }

  /// dx[o, r, i] ← dy[o, i] · e^(x[o, r, i] − y[o, i]); 0 where y is −∞.
  package static func logSumExpBackward(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule
  ) {
    @inline(__always) func value(_ x: Lanes, _ y: Lanes, _ dy: Lanes) -> Lanes {
      exp(x - y.replacing(with: 0, where: y .== -.infinity)) * dy
    }
    if inner == 1 {
      forEachPiece(rows: outer, columns: count, schedule) { row, range in
        let (p, out) = (x + row * count, dx + row * count)
        let (total, g) = (Lanes(repeating: y[row]), Lanes(repeating: dy[row]))
        forEachVector(in: range) { j in
          out.store(value(p.lanes(at: j), total, g), at: j)
        } tail: { j, lanes in
          out.storePartial(value(p.partialLanes(at: j, count: lanes), total, g), at: j, count: lanes)
        }
      }
    } else {
      forEachPiece(rows: outer * count, columns: inner, schedule) { row, range in
        let (p, out) = (x + row * inner, dx + row * inner)
        let (total, g) = (y + row / count * inner, dy + row / count * inner)
        forEachVector(in: range) { j in
          out.store(value(p.lanes(at: j), total.lanes(at: j), g.lanes(at: j)), at: j)
        } tail: { j, lanes in
          let result = value(
            p.partialLanes(at: j, count: lanes), total.partialLanes(at: j, count: lanes),
            g.partialLanes(at: j, count: lanes))
          out.storePartial(result, at: j, count: lanes)
        }
      }
    }
  }
}
