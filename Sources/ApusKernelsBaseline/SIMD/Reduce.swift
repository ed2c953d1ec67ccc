// Horizontal sums and maxima of a vector, in a fixed order, and reductions of rows with several accumulators.
// Read next: ../Reductions/Reductions.swift.

// `.sum()` compiles to a chain of scalar additions. Adding the halves takes log₂(lanes) steps, in a fixed order.

@inline(__always)
func horizontalSum(_ v: SIMD4<Float>) -> Float {
  let pair = v.lowHalf + v.highHalf
  return pair.x + pair.y
}

@inline(__always)
func horizontalMaximum(_ v: SIMD4<Float>) -> Float {
  let (low, high) = (v.lowHalf, v.highHalf)
  let pair = low.replacing(with: high, where: high .> low)
  return pair.y > pair.x ? pair.y : pair.x
}

#if APUS_AVX512 || APUS_AVX2
  @inline(__always)
  func horizontalSum(_ v: SIMD8<Float>) -> Float { horizontalSum(v.lowHalf + v.highHalf) }

  @inline(__always)
  func horizontalMaximum(_ v: SIMD8<Float>) -> Float {
    let (low, high) = (v.lowHalf, v.highHalf)
    return horizontalMaximum(low.replacing(with: high, where: high .> low))
  }
#endif

#if APUS_AVX512
  @inline(__always)
  func horizontalSum(_ v: SIMD16<Float>) -> Float { horizontalSum(v.lowHalf + v.highHalf) }

  @inline(__always)
  func horizontalMaximum(_ v: SIMD16<Float>) -> Float {
    let (low, high) = (v.lowHalf, v.highHalf)
    return horizontalMaximum(low.replacing(with: high, where: high .> low))
  }
#endif

/// x²
@inline(__always)
func squared(_ x: Lanes) -> Lanes { x * x }

/// Four accumulators, whose sum is that of a row. They hide the latency of the addition. (A structure would have weak functions;
/// see .ci/check-symbols.)
typealias RowSums = (Lanes, Lanes, Lanes, Lanes)

/// The sum of the accumulators.
@inline(__always)
func total(_ sums: RowSums) -> Float { horizontalSum((sums.0 + sums.1) + (sums.2 + sums.3)) }

/// Adds f over the full vectors of a row of `count` elements and `tail` over the rest to the accumulators.
@inline(__always)
private func add(
  _ count: Int, of f: (_ index: Int) -> Lanes, tail: (_ index: Int, _ count: Int) -> Lanes, to sums: inout RowSums
) {
  var (s0, s1, s2, s3) = sums
  var index = 0
  while index + 4 * laneCount <= count {
    s0 += f(index)
    s1 += f(index + laneCount)
    s2 += f(index + 2 * laneCount)
    s3 += f(index + 3 * laneCount)
    index += 4 * laneCount
  }
  while index + laneCount <= count {
    s0 += f(index)
    index += laneCount
  }
  if index < count { s1 += tail(index, count - index) }
  sums = (s0, s1, s2, s3)
}

/// The sum of f over the full vectors of a row of `count` elements and of `tail` over the rest.
@inline(__always)
func sum(_ count: Int, of f: (_ index: Int) -> Lanes, tail: (_ index: Int, _ count: Int) -> Lanes) -> Float {
  var sums: RowSums = (.zero, .zero, .zero, .zero)
  add(count, of: f, tail: tail, to: &sums)
  return total(sums)
}

/// The sum of f over the vectors of a row of `count` elements, in the order of the other `sum`.
///
/// - Parameter f: A local function as `forEachVector(of:_:)` takes, with zeros in the lanes after the row's end.
@inline(__always)
func sum(_ count: Int, of f: (_ index: Int, _ count: Int) -> Lanes) -> Float {
  sum(count, of: { f($0, laneCount) }, tail: { f($0, $1) })
}

/// Adds a row, or a piece of one, to the accumulators, in the order of `sum`. All pieces but the last are whole groups of four
/// vectors.
@inline(never)
func add(_ x: UnsafePointer<Float>, count: Int, to sums: inout RowSums) {
  add(count, of: { x.lanes(at: $0) }, tail: { x.partialLanes(at: $0, count: $1) }, to: &sums)
}

/// The sum of a row.
func sum(_ x: UnsafePointer<Float>, count: Int) -> Float {
  var sums: RowSums = (.zero, .zero, .zero, .zero)
  add(x, count: count, to: &sums)
  return total(sums)
}

/// The largest element of a row; −∞ for an empty row. NaN is passed over.
@inline(__always)
func largest(_ x: UnsafePointer<Float>, count: Int) -> Float {
  let lowest = -Float.infinity
  var (m0, m1) = (Lanes(repeating: lowest), Lanes(repeating: lowest))
  var index = 0
  while index + 2 * laneCount <= count {
    m0 = maximum(m0, x.lanes(at: index))
    m1 = maximum(m1, x.lanes(at: index + laneCount))
    index += 2 * laneCount
  }
  while index + laneCount <= count {
    m0 = maximum(m0, x.lanes(at: index))
    index += laneCount
  }
  if index < count { m1 = maximum(m1, x.partialLanes(at: index, count: count - index, padding: lowest)) }
  return horizontalMaximum(maximum(m0, m1))
}
