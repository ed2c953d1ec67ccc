// Rows of attention under way: weighted values that are not divided by their sum yet; and how such rows, taken over
// different keys, become one.
// Read first: AttentionBlocks.swift. Read next: AttentionForward.swift, AttentionFewQueries.swift.

import ApusKernelTypes

/// For every row, Σ e^(score − largest)·value, the largest score so far, and Σ e^(score − largest) (0: no key was seen, and
/// the elements are undefined). Rows of elements are whole vectors. (A tuple: see ApusKernelTypes/TileOperands.swift.)
typealias RunningRows = (
  elements: UnsafeMutablePointer<Float>, largest: UnsafeMutablePointer<Float>, total: UnsafeMutablePointer<Float>
)

/// Floats that so many rows take; vectors may be read from the last row's numbers on.
func runningRowsCount(_ count: Int, columns: Int) -> Int { count * columns + 2 * (count + laneCount) }

/// The parts of memory that rows lie in.
@inline(__always)
func runningRows(_ memory: UnsafeMutablePointer<Float>, count: Int, columns: Int) -> RunningRows {
  let largest = memory + count * columns
  return (memory, largest, largest + count + laneCount)
}

/// Rows over several chunks of keys, each at a `stride` behind the one before, put together in the first's place, in order.
func mergedChunks(
  _ memory: UnsafeMutablePointer<Float>, chunks: Int, stride: Int, capacity: Int, rows: Int, columns: Int
) -> RunningRows {
  let sum = runningRows(memory, count: capacity, columns: columns)
  for chunk in 1..<max(1, chunks) {
    let part = runningRows(memory + chunk * stride, count: capacity, columns: columns)
    for r in 0..<rows where part.total[r] != 0 {
      let (y, x) = (sum.elements + r * columns, part.elements + r * columns)
      if sum.total[r] == 0 {
        y.update(from: x, count: columns)
        (sum.largest[r], sum.total[r]) = (part.largest[r], part.total[r])
        continue
      }
      let top = max(sum.largest[r], part.largest[r])
      let a = exponential(Lanes(repeating: sum.largest[r] - top))
      let b = exponential(Lanes(repeating: part.largest[r] - top))
      var index = 0
      while index < columns {
        y.store(multiplyAdd(x.lanes(at: index), b, y.lanes(at: index) * a), at: index)
        index += laneCount
      }
      sum.total[r] = sum.total[r] * a[0] + part.total[r] * b[0]
      sum.largest[r] = top
    }
  }
  return sum
}

/// Divides rows by their sums and puts them where they belong, zeros where no key was seen, and the statistics as well.
func finishRows(
  _ p: AttentionForwardArguments, sequence b: Int, head h: Int, queries: Range<Int>, _ rows: RunningRows
) {
  let s = p.shape
  let columns = paddedSize(s.valueSize)
  for r in 0..<queries.count {
    let i = queries.lowerBound + r
    let output = p.output + b * p.outputStrides.batch + h * p.outputStrides.head + i * p.outputStrides.time
    if rows.total[r] == 0 {
      output.update(repeating: 0, count: s.valueSize)
    } else {
      spreadRow(rows.elements + r * columns, size: s.valueSize, scale: 1 / rows.total[r], to: output)
    }
  }
  if let logSumExp = p.logSumExp {
    store(
      logSumExp + (b * s.heads + h) * s.queryLength + queries.lowerBound, rows.total, rows.largest,
      count: queries.count)
  }
}

/// statistics ← largest + log total: −∞ where nothing was added up.
private func store(
  _ statistics: UnsafeMutablePointer<Float>, _ total: UnsafePointer<Float>, _ largest: UnsafePointer<Float>, count: Int
) {
  forEachVector(in: 0..<count) { index in
    let sum = total.lanes(at: index)
    let value = largest.lanes(at: index) + log(sum)
    statistics.store(value.replacing(with: -.infinity, where: sum .== 0), at: index)
  } tail: { index, count in
    let sum = total.partialLanes(at: index, count: count, padding: 1)
    let value = largest.partialLanes(at: index, count: count) + log(sum)
    statistics.storePartial(value.replacing(with: -.infinity, where: sum .== 0), at: index, count: count)
  }
}

/// eˣ with the bits of `exp` for x < 88, where it has no overflow to look for: two selections less.
///
/// The magic number carries the exponent's bias, so that a shift alone makes 2ⁿ; NaN survives the multiplication.
@inline(__always)
func exponential(_ x: Lanes) -> Lanes {
  let magic: Float = 12_582_912 + 127
  let shifted = multiplyAdd(x, 1.442_695_04, Lanes(repeating: magic))
  let n = shifted - magic
  var r = multiplyAdd(n, -0.693_145_75, x)
  r = multiplyAdd(n, -1.428_606_8e-6, r)
  var p = multiplyAdd(r, 0.001_381_454_06, Lanes(repeating: 0.008_368_745_45))
  p = multiplyAdd(p, r, Lanes(repeating: 0.041_668_389))
  p = multiplyAdd(p, r, Lanes(repeating: 0.166_665_211))
  p = multiplyAdd(p, r, Lanes(repeating: 0.499_999_94))
  p = multiplyAdd(p, r * r, r) + 1
  let power = unsafeBitCast(unsafeBitCast(shifted, to: LaneIntegers.self) &<< 23, to: Lanes.self)
  return (p * power).replacing(with: 0, where: x .< -87.336_54)
}
