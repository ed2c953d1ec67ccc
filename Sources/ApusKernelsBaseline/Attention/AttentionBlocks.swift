// The parts that forward and backward share: block sizes, which keys a query sees, heads copied for the products.
// Read first: ../MatMul/MicroKernel.swift, ../MatMul/Packing.swift. Read next: AttentionForward.swift.

import ApusKernelTypes

/// Queries in a block, a multiple of the register tile's rows.
var queryBlock: Int { 64 / tileRows * tileRows }

/// Keys in a block, a multiple of the panel width. A block of scores in the backward is 64 × 192 × 4 B = 48 KiB, which the
/// second-level cache holds.
var keyBlock: Int { 192 / Panels.width * Panels.width }

/// The length of a head's rows in scratch memory, rounded up to full vectors, which the micro-kernel reads.
@inline(__always)
func paddedSize(_ size: Int) -> Int { (size + laneCount - 1) / laneCount * laneCount }

extension AttentionShape {
  /// The number of keys in sequence `b`.
  @inline(__always)
  func keys(inSequence b: Int) -> Int {
    guard let keyLengths else { return keyLength }
    return max(0, min(keyLength, Int(keyLengths[b])))
  }

  /// The number of keys that query `i` sees of the first `keys`.
  @inline(__always)
  func limit(ofQuery i: Int, keys: Int) -> Int {
    guard let causalOffset else { return keys }
    return max(0, min(keys, i + causalOffset + 1))
  }

  /// The first query that sees key `j`.
  @inline(__always)
  func firstQuery(seeingKey j: Int) -> Int {
    guard let causalOffset else { return 0 }
    return max(0, j - causalOffset)
  }

  /// The bias row of query `i` from key `start` on.
  @inline(__always)
  func biasRow(_ b: Int, _ h: Int, _ i: Int, from start: Int) -> UnsafePointer<Float>? {
    guard let bias else { return nil }
    return bias + b * biasStrides.batch + h * biasStrides.head + i * biasStrides.time + start
  }
}

/// Copies a head's rows, which are interleaved with those of other heads, into contiguous scratch memory, times `scale`.
///
/// The products read each row many times. The copies fit in the first-level cache; the originals, at a stride that is a power of
/// two, would compete for a few of its sets.
func collectRows(
  _ x: UnsafePointer<Float>, stride: Int, rows: Int, size: Int, scale: Float = 1,
  into scratch: UnsafeMutablePointer<Float>
) {
  let (padded, factor) = (paddedSize(size), Lanes(repeating: scale))
  for row in 0..<rows {
    let (source, target) = (x + row * stride, scratch + row * padded)
    // A loop rather than `forEachVector`, whose closure was called for every vector here.
    var index = 0
    while index + laneCount <= size {
      target.store(source.lanes(at: index) * factor, at: index)
      index += laneCount
    }
    if index < size { target.store(source.partialLanes(at: index, count: size - index) * factor, at: index) }
  }
}

/// The inverse of `collectRows`: copies rows from scratch memory back to a head's rows, times `scale`.
func spreadRows(
  _ scratch: UnsafePointer<Float>, rows: Int, size: Int, scale: Float = 1, to x: UnsafeMutablePointer<Float>,
  stride: Int
) {
  let padded = paddedSize(size)
  for row in 0..<rows { spreadRow(scratch + row * padded, size: size, scale: scale, to: x + row * stride) }
}

/// Copies one row of full vectors from scratch memory, times `scale`.
@inline(__always)
func spreadRow(_ source: UnsafePointer<Float>, size: Int, scale: Float, to target: UnsafeMutablePointer<Float>) {
  let factor = Lanes(repeating: scale)
  var index = 0
  while index + laneCount <= size {
    target.store(source.lanes(at: index) * factor, at: index)
    index += laneCount
  }
  if index < size { target.storePartial(source.lanes(at: index) * factor, at: index, count: size - index) }
}

/// Packs a head's rows X [count, size], which are `stride` apart, into the panels of Xᵀ: attention scores are products Q·Kᵀ.
func packTransposed(
  _ x: UnsafePointer<Float>, stride: Int, count: Int, size: Int, into panels: UnsafeMutablePointer<Float>
) {
  let cut = Panels(columns: count)
  for index in 0..<cut.count {
    packPanel(
      width: cut.vectors(of: index) * laneCount, count: cut.columns(of: index), steps: size,
      elements: x + index * Panels.width * stride, stride: stride, stepStride: 1,
      into: panels + index * Panels.width * size)
  }
}

/// S[i, j] ← Σ_d left[i, d] · right[j, d] for one row tile and the keys `columns`, which begin with a panel.
///
/// Full vectors are computed up to the one with the last key. After the last key their lanes hold arbitrary finite numbers.
@inline(__always)
func scoreTile(
  left: UnsafePointer<Float>, rows: Int, packedRight: UnsafePointer<Float>, size: Int, keys: Int,
  columns: Range<Int>, scores: UnsafeMutablePointer<Float>, rowStride: Int
) {
  let cut = Panels(columns: keys)
  var start = columns.lowerBound
  while start < columns.upperBound {
    let index = start / Panels.width
    let vectors = min(tileVectors, (columns.upperBound - start + laneCount - 1) / laneCount)
    multiplyStridedTile(
      vectors: vectors, steps: size,
      tileLeft(left, rowStride: paddedSize(size), stepStride: 1),
      (
        elements: packedRight + index * Panels.width * size, stepStride: cut.vectors(of: index) * laneCount
      ),
      (
        elements: scores + (start - columns.lowerBound), rowStride: rowStride, rows: rows,
        columns: vectors * laneCount, accumulates: false
      ))
    start += Panels.width
  }
}

/// Sets the scores after the first `visible` ones to −∞, up to the end of the vector; returns that end.
///
/// With this, all further loops work on full vectors: −∞ is never the largest score, and its exponential is 0.
@inline(__always)
func hideEnd(of line: UnsafeMutablePointer<Float>, visible: Int) -> Int {
  let full = visible / laneCount * laneCount
  guard full < visible else { return full }
  let isHidden = laneNumbers .>= Lanes(repeating: Float(visible - full))
  line.store(line.lanes(at: full).replacing(with: -.infinity, where: isHidden), at: full)
  return full + laneCount
}

/// 0, 1, 2, …
@inline(__always)
var laneNumbers: Lanes {
  #if APUS_AVX512
    Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  #elseif APUS_AVX2
    Lanes(0, 1, 2, 3, 4, 5, 6, 7)
  #else
    Lanes(0, 1, 2, 3)
  #endif
}

/// Y ← left · right or Y ← Y + left · right for one row tile, where right and Y are collected rows of `size` elements.
@inline(__always)
func rowProduct(
  _ left: TileLeft, steps: Int, _ right: UnsafePointer<Float>, size: Int, into y: UnsafeMutablePointer<Float>,
  rows: Int, accumulates: Bool
) {
  let (cut, stride) = (Panels(columns: size), paddedSize(size))
  for index in 0..<cut.count {
    let vectors = cut.vectors(of: index)
    multiplyStridedTile(
      vectors: vectors, steps: steps, left,
      (elements: right + index * Panels.width, stepStride: stride),
      (
        elements: y + index * Panels.width, rowStride: stride, rows: rows, columns: vectors * laneCount,
        accumulates: accumulates
      ))
  }
}

/// line ← line + bias, if there is one.
@inline(__always)
func addBias(_ bias: UnsafePointer<Float>?, to line: UnsafeMutablePointer<Float>, count: Int) {
  guard let bias else { return }
  forEachVector(in: 0..<count) { index in
    line.store(line.lanes(at: index) + bias.lanes(at: index), at: index)
  } tail: { index, count in
    let sum = line.partialLanes(at: index, count: count) + bias.partialLanes(at: index, count: count)
    line.storePartial(sum, at: index, count: count)
  }
}
