// What forward and backward share: block sizes, which keys a query sees, and products of blocks.
// Read first: MatMul/MicroKernel.swift, MatMul/Packing.swift. Read next: AttentionForward.swift.

import ApusKernelTypes

/// Queries in a block: whole register tiles.
var queryBlock: Int { 64 / tileRows * tileRows }

/// Keys in a block: whole panels. A block of scores is 64 × 192 × 4 B = 48 KiB, at home in the second-level cache.
var keyBlock: Int { 192 / Panels.width * Panels.width }

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
}

/// Floats of scratch that `rightRows` needs.
@inline(__always)
func rightRowsScratch(rows: Int, columns: Int) -> Int {
  columns % laneCount == 0 ? 0 : rows * Panels(columns: columns).paddedColumns
}

/// A matrix with `columns` columns as the right operand of products: its rows as they lie, or a copy padded to whole vectors.
///
/// The micro-kernel reads full vectors. Where the width is a multiple of a vector it may read the rows where they are.
func rightRows(
  _ source: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, scratch: UnsafeMutablePointer<Float>
) -> TileRight {
  if columns % laneCount == 0 { return TileRight(elements: source, stepStride: stride) }
  let padded = Panels(columns: columns).paddedColumns
  for row in 0..<rows {
    (scratch + row * padded).update(from: source + row * stride, count: columns)
    (scratch + row * padded + columns).update(repeating: 0, count: padded - columns)
  }
  return TileRight(elements: scratch, stepStride: padded)
}

/// Rows `start...` of panel `index` of such an operand.
@inline(__always)
func panel(_ index: Int, of rows: TileRight, from start: Int) -> TileRight {
  TileRight(elements: rows.elements + start * rows.stepStride + index * Panels.width, stepStride: rows.stepStride)
}

/// Packs X (rows [count, size], `stride` apart) as the panels of Xᵀ, so that scores are products of rows with rows.
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

/// S[i, j] ← Σ_d left[i, d] · right[j, d] for one row tile and the panels that hold columns `columns` (from a block start).
@inline(__always)
func scoreTile(
  left: UnsafePointer<Float>, leftStride: Int, rows: Int, packedRight: UnsafePointer<Float>, size: Int, keys: Int,
  columns: Range<Int>, scores: UnsafeMutablePointer<Float>
) {
  let cut = Panels(columns: keys)
  let first = columns.lowerBound / Panels.width
  let end = (columns.upperBound + Panels.width - 1) / Panels.width
  for index in first..<max(first, end) {
    let vectors = cut.vectors(of: index)
    multiplyStridedTile(
      vectors: vectors, steps: size, TileLeft(elements: left, rowStride: leftStride, stepStride: 1),
      TileRight(elements: packedRight + index * Panels.width * size, stepStride: vectors * laneCount),
      TileResult(
        elements: scores + index * Panels.width - columns.lowerBound, rowStride: keyBlock, rows: rows,
        columns: cut.columns(of: index), accumulates: false))
  }
}
