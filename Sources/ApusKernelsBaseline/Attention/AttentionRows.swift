// Running rows of attention: sums of weighted values before the division by the sum of the weights. Rows over different keys
// can be merged. Read first: AttentionBlocks.swift.
// Read next: AttentionForward.swift, AttentionFewQueries.swift.

import ApusKernelTypes

/// The state of every row: Σ e^(score − largest)·value, the largest score so far, and the total Σ e^(score − largest).
///
/// A total of 0 means that no key was seen, and that the elements are undefined. Rows of elements are full vectors. (Why it is a
/// tuple: see ApusKernelTypes/Arguments/TileOperands.swift.)
typealias RunningRows = (
  elements: UnsafeMutablePointer<Float>, largest: UnsafeMutablePointer<Float>, total: UnsafeMutablePointer<Float>
)

/// The floats that `count` rows take, with room for reading full vectors at the end.
func runningRowsCount(_ count: Int, columns: Int) -> Int { count * columns + 2 * (count + laneCount) }

/// The rows in a piece of memory.
@inline(__always)
func runningRows(_ memory: UnsafeMutablePointer<Float>, count: Int, columns: Int) -> RunningRows {
  let largest = memory + count * columns
  return (memory, largest, largest + count + laneCount)
}

/// Merges rows over several chunks of keys, which are `stride` apart in memory, into those of the first chunk, in order.
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

/// Divides rows by their totals and writes them to the output, zeros where no key was seen; writes the row statistics too.
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

/// statistics ← largest + log total; −∞ where the total is 0.
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

/// eˣ for x < 88, with the bits of `exp`. It need not check for overflow, which saves two selections.
///
/// The magic number includes the exponent's bias, so that a shift alone makes 2ⁿ. NaN survives the multiplication.
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
