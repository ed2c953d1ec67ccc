// What forward and backward share: block sizes, which keys a query sees, and heads brought together for their products.
// Read first: MatMul/MicroKernel.swift, MatMul/Packing.swift. Read next: AttentionForward.swift.

import ApusKernelTypes

/// Queries in a block: whole register tiles.
var queryBlock: Int { 64 / tileRows * tileRows }

/// Keys in a block: whole panels. A block of scores is 64 × 192 × 4 B = 48 KiB, at home in the second-level cache.
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
  let padded = paddedSize(size)
  for row in 0..<rows {
    let (source, target) = (x + row * stride, scratch + row * padded)
    forEachVector(in: 0..<size) { index in
      target.store(source.lanes(at: index) * scale, at: index)
    } tail: { index, count in
      target.store(source.partialLanes(at: index, count: count) * scale, at: index)
    }
  }
}

/// The way back: rows from scratch memory to where a head's rows belong, times `scale`.
func spreadRows(
  _ scratch: UnsafePointer<Float>, rows: Int, size: Int, scale: Float = 1, to x: UnsafeMutablePointer<Float>,
  stride: Int
) {
  let padded = paddedSize(size)
  for row in 0..<rows {
    let (source, target) = (scratch + row * padded, x + row * stride)
    forEachVector(in: 0..<size) { index in
      target.store(source.lanes(at: index) * scale, at: index)
    } tail: { index, count in
      target.storePartial(source.lanes(at: index) * scale, at: index, count: count)
    }
  }
}

/// Packs collected rows X [count, size] as the panels of Xᵀ, so that scores are products of rows with rows.
func packTransposed(
  _ x: UnsafePointer<Float>, count: Int, size: Int, into panels: UnsafeMutablePointer<Float>
) {
  let (cut, stride) = (Panels(columns: count), paddedSize(size))
  for index in 0..<cut.count {
    packPanel(
      width: cut.vectors(of: index) * laneCount, count: cut.columns(of: index), steps: size,
      elements: x + index * Panels.width * stride, stride: stride, stepStride: 1,
      into: panels + index * Panels.width * size)
  }
}

/// S[i, j] ← Σ_d left[i, d] · right[j, d] for one row tile and the keys `columns` (which begin a block).
@inline(__always)
func scoreTile(
  left: UnsafePointer<Float>, rows: Int, packedRight: UnsafePointer<Float>, size: Int, keys: Int,
  columns: Range<Int>, scores: UnsafeMutablePointer<Float>
) {
  let cut = Panels(columns: keys)
  let first = columns.lowerBound / Panels.width
  let end = (columns.upperBound + Panels.width - 1) / Panels.width
  for index in first..<max(first, end) {
    let vectors = cut.vectors(of: index)
    multiplyStridedTile(
      vectors: vectors, steps: size,
      TileLeft(elements: left, rowStride: paddedSize(size), stepStride: 1),
      TileRight(elements: packedRight + index * Panels.width * size, stepStride: vectors * laneCount),
      TileResult(
        elements: scores + index * Panels.width - columns.lowerBound, rowStride: keyBlock, rows: rows,
        columns: cut.columns(of: index), accumulates: false))
  }
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
      TileRight(elements: right + index * Panels.width, stepStride: stride),
      TileResult(
        elements: y + index * Panels.width, rowStride: stride, rows: rows, columns: vectors * laneCount,
        accumulates: accumulates))
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
