// What forward and backward share: block sizes, which keys a query sees, and heads brought together for their products.
// Read first: MatMul/MicroKernel.swift, MatMul/Packing.swift. Read next: AttentionForward.swift.

import ApusKernelTypes

/// Queries in a block: whole register tiles.
var queryBlock: Int { 64 / tileRows * tileRows }

/// Keys in a block: whole panels. The backward's block of scores is 64 × 192 × 4 B = 48 KiB, at home in the second-level cache.
var keyBlock: Int { 192 / Panels.width * Panels.width }

/// A head's row length in scratch memory: whole vectors, since the micro-kernel reads full ones.
@inline(__always)
func paddedSize(_ size: Int) -> Int { (size + laneCount - 1) / laneCount * laneCount }

extension AttentionShape {
  /// Keys of sequence `b` that exist.
  @inline(__always)
  func keys(inSequence b: Int) -> Int {
    guard let keyLengths else { return keyLength }
    return max(0, min(keyLength, Int(keyLengths[b])))
  }

  /// Keys 0 ..< limit that query `i` sees of `keys`.
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

  /// The bias of query `i` from key `start` on.
  @inline(__always)
  func biasRow(_ b: Int, _ h: Int, _ i: Int, from start: Int) -> UnsafePointer<Float>? {
    guard let bias else { return nil }
    return bias + b * biasStrides.batch + h * biasStrides.head + i * biasStrides.time + start
  }
}

/// Copies a head's rows, which lie far apart between those of other heads, side by side into scratch memory, times `scale`.
///
/// The products read each row many times; from here they find them in the first cache, and not all rows in the same
/// few sets of it (which a stride of a power of two would lead to).
func collectRows(
  _ x: UnsafePointer<Float>, stride: Int, rows: Int, size: Int, scale: Float = 1,
  into scratch: UnsafeMutablePointer<Float>
) {
  let (padded, factor) = (paddedSize(size), Lanes(repeating: scale))
  for row in 0..<rows {
    let (source, target) = (x + row * stride, scratch + row * padded)
    // (A loop, not forEachVector: its closure would be called for every vector, having two callers that look alike.)
    var index = 0
    while index + laneCount <= size {
      target.store(source.lanes(at: index) * factor, at: index)
      index += laneCount
    }
    if index < size { target.store(source.partialLanes(at: index, count: size - index) * factor, at: index) }
  }
}

/// The way back: rows from scratch memory to where a head's rows belong, times `scale`.
func spreadRows(
  _ scratch: UnsafePointer<Float>, rows: Int, size: Int, scale: Float = 1, to x: UnsafeMutablePointer<Float>,
  stride: Int
) {
  let padded = paddedSize(size)
  for row in 0..<rows { spreadRow(scratch + row * padded, size: size, scale: scale, to: x + row * stride) }
}

/// One row of whole vectors from scratch memory, times `scale`.
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

/// Packs a head's rows X [count, size], `stride` apart, as the panels of Xᵀ, so that scores are products of rows with rows.
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

/// S[i, j] ← Σ_d left[i, d] · right[j, d] for one row tile and the keys `columns` (which begin a block), in whole vectors:
/// behind the last key something finite may stand, but what is beyond that vector is not computed.
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

/// Makes what is behind the `visible` first scores of a line, up to the end of the vector, −∞; returns where that is.
///
/// From there on whole vectors do: −∞ is never the largest score, and its exponential is 0.
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

/// Y (+)= left · right for one row tile, where right and Y are collected rows of `size` elements.
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

/// line ← line + bias
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
