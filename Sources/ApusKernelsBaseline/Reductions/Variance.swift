// Mean and variance along an axis in two passes, and the gradient of a variance.
// Read first: Reductions.swift. Read next: LogSumExp.swift; ApusTensor/Ops/Statistics.swift.

package import ApusKernelTypes

/// Elements in each tile of a long row.
private let block = 16_384

extension SIMDKernels {
  /// y[o, i] ← Σ (x − mean)² / divisor over r of x[o, r, i], and the means.
  ///
  /// Summing squared deviations keeps its accuracy when the mean is far from 0. The sum of the deviations themselves, which
  /// would be 0 if the mean were exact, corrects both results (Chan, Golub, LeVeque 1983).
  package static func variance(
    _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int,
    count: Int, inner: Int, divisor: Float, _ schedule: Schedule
  ) {
    let size = Float(count)
    if inner == 1 && outer == 1 && count > block {
      longVariance(x, mean: mean, y, count: count, divisor: divisor, schedule)
    } else if inner == 1 {
      forEachRowChunk(rows: outer, width: count, schedule) { rows in
        for row in rows {
          let p = x + row * count
          let center = sum(p, count: count) / size
          let (first, second) = deviations(p, count: count, from: center)
          mean[row] = center + first / size
          y[row] = (second - first * first / size) / divisor
        }
      }
    } else {
      forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
        let offset = o * inner
        columnMoments(
          x + o * count * inner, mean: mean + offset, y + offset, rows: count, stride: inner, columns: columns)
        forEachVector(in: columns) { j in
          y.store(y.lanes(at: offset + j) / divisor, at: offset + j)
        } tail: { j, lanes in
          y.storePartial(y.partialLanes(at: offset + j, count: lanes) / divisor, at: offset + j, count: lanes)
        }
      }
    }
  }
}

/// The means of columns, and Σ (x − mean)² of each.
///
/// It makes two passes over 64 rows at a time, which the second pass finds in the cache, and then merges their moments with
/// those of the rows before (Chan, Golub, LeVeque 1979): with δ the difference of the means, the squares grow by
/// δ²·n·m/(n + m). All of this is relative to the first row, so that a mean far from 0 costs no accuracy.
@inline(never)
private func columnMoments(
  _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>, rows: Int,
  stride: Int, columns: Range<Int>
) {
  (mean + columns.lowerBound).update(repeating: rows == 0 ? .nan : 0, count: columns.count)
  (squares + columns.lowerBound).update(repeating: 0, count: columns.count)
  var first = 0
  while first < rows {
    let end = min(rows, first + 64)
    let (before, size) = (Float(first), Float(end - first))
    let (share, weight) = (size / (before + size), before * size / (before + size))
    @inline(__always) func join(
      _ row: (Int) -> Lanes, _ mean: Lanes, _ squares: Lanes
    ) -> (mean: Lanes, squares: Lanes) {
      var (even, odd) = (Lanes.zero, Lanes.zero)
      var r = first
      while r + 2 <= end {
        even += row(r)
        odd += row(r + 1)
        r += 2
      }
      if r < end { even += row(r) }
      let center = (even + odd) / size
      var (deviations, second) = (Lanes.zero, Lanes.zero)
      for r in first..<end {
        let d = row(r) - center
        deviations += d
        second = multiplyAdd(d, d, second)
      }
      second -= deviations * deviations / size
      let delta = center + deviations / size - mean
      return (multiplyAdd(delta, share, mean), squares + second + delta * delta * weight)
    }
    forEachVector(in: columns) { j in
      let base = x.lanes(at: j)
      let joined = join({ x.lanes(at: $0 * stride + j) - base }, mean.lanes(at: j), squares.lanes(at: j))
      mean.store(joined.mean, at: j)
      squares.store(joined.squares, at: j)
    } tail: { j, lanes in
      let base = x.partialLanes(at: j, count: lanes)
      let joined = join(
        { x.partialLanes(at: $0 * stride + j, count: lanes) - base }, mean.partialLanes(at: j, count: lanes),
        squares.partialLanes(at: j, count: lanes))
      mean.storePartial(joined.mean, at: j, count: lanes)
      squares.storePartial(joined.squares, at: j, count: lanes)
    }
    first = end
  }
  if rows > 0 {
    forEachVector(in: columns) { j in
      mean.store(mean.lanes(at: j) + x.lanes(at: j), at: j)
    } tail: { j, lanes in
      mean.storePartial(
        mean.partialLanes(at: j, count: lanes) + x.partialLanes(at: j, count: lanes), at: j, count: lanes)
    }
  }
}

/// Σ (x − center) and Σ (x − center)² of a row.
@inline(never)
private func deviations(
  _ x: UnsafePointer<Float>, count: Int, from center: Float
) -> (first: Float, second: Float) {
  let c = Lanes(repeating: center)
  var (f0, f1, s0, s1) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var index = 0
  while index + 2 * laneCount <= count {
    let (a, b) = (x.lanes(at: index) - c, x.lanes(at: index + laneCount) - c)
    f0 += a
    f1 += b
    s0 = multiplyAdd(a, a, s0)
    s1 = multiplyAdd(b, b, s1)
    index += 2 * laneCount
  }
  forEachVector(in: index..<count) { index in
    let a = x.lanes(at: index) - c
    f0 += a
    s0 = multiplyAdd(a, a, s0)
  } tail: { index, count in
    let a = x.partialLanes(at: index, count: count, padding: center) - c
    f1 += a
    s1 = multiplyAdd(a, a, s1)
  }
  return (horizontalSum(f0 + f1), horizontalSum(s0 + s1))
}

/// The variance of one long row: its blocks in parallel, then the blocks' sums in order, in Double.
private func longVariance(
  _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
  divisor: Float, _ schedule: Schedule
) {
  let blocks = (count + block - 1) / block
  let partial = ScratchBuffer(count: 2 * blocks)
  defer { partial.free() }
  let sums = partial.pointer
  forEachChunk(of: count, grain: block, schedule) { range in
    sums[range.lowerBound / block] = sum(x + range.lowerBound, count: range.count)
  }
  var total = 0.0
  for i in 0..<blocks { total += Double(sums[i]) }
  let center = Float(total / Double(count))
  forEachChunk(of: count, grain: block, schedule) { range in
    let tile = range.lowerBound / block
    (sums[2 * tile], sums[2 * tile + 1]) = deviations(x + range.lowerBound, count: range.count, from: center)
  }
  var (first, second) = (0.0, 0.0)
  for i in 0..<blocks {
    first += Double(sums[2 * i])
    second += Double(sums[2 * i + 1])
  }
  mean[0] = Float(Double(center) + first / Double(count))
  y[0] = Float((second - first * first / Double(count)) / Double(divisor))
}

extension SIMDKernels {
  /// dx[o, r, i] ← scale[o, i] · (x[o, r, i] − mean[o, i]): the gradient of a variance.
  package static func scaledDeviations(
    _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, _ schedule: Schedule
  ) {
    if inner == 1 {
      forEachPiece(rows: outer, columns: count, schedule) { row, range in
        let (p, out) = (x + row * count, dx + row * count)
        let (m, s) = (Lanes(repeating: mean[row]), Lanes(repeating: scale[row]))
        forEachVector(in: range) { j in
          out.store((p.lanes(at: j) - m) * s, at: j)
        } tail: { j, lanes in
          out.storePartial((p.partialLanes(at: j, count: lanes) - m) * s, at: j, count: lanes)
        }
      }
    } else {
      forEachPiece(rows: outer * count, columns: inner, schedule) { row, range in
        let (p, out) = (x + row * inner, dx + row * inner)
        let (m, s) = (mean + row / count * inner, scale + row / count * inner)
        forEachVector(in: range) { j in
          out.store((p.lanes(at: j) - m.lanes(at: j)) * s.lanes(at: j), at: j)
        } tail: { j, lanes in
          let deviation = p.partialLanes(at: j, count: lanes) - m.partialLanes(at: j, count: lanes)
          out.storePartial(deviation * s.partialLanes(at: j, count: lanes), at: j, count: lanes)
        }
      }
    }
  }
}
