// A product with a transposed matrix, as in a linear layer, computed as its transpose Cᵀ = B·Aᵀ, so that B is not copied.
// Read first: BlockedMatMul.swift, whose loops these are with the operands exchanged.

import ApusKernelTypes

/// Whether C = A·Bᵀ is cheaper mirrored.
///
/// The micro-kernel needs contiguous vectors of its right operand, and reads single elements of its left operand at any strides.
/// To be the right operand, a transposed B must be transposed first: n·k elements, read by columns. As the *left* operand it is
/// read in place, row by row, which is the order of memory. What must be transposed instead are A (m·k elements) and the
/// result (m·n elements, while they are in a near cache). With 128 tokens and a 768 × 3,072 layer that is a fifth of the copying,
/// and reaches 98 % instead of 76 % of the limit. The two are equally fast at about 768 tokens.
///
/// If B is packed already, the blocked path is at least as fast for few rows. For many rows the mirrored path is faster even
/// then: GPT-2 took 640 ms for 512 tokens mirrored, and 682 ms with packed weights.
func prefersMirror(_ p: MatMulArguments) -> Bool {
  guard p.b.isTransposed && !p.a.isTransposed && !p.accumulates && p.factors == nil && p.columnSums == nil else {
    return false
  }
  if p.b.panels != nil && p.m <= 256 { return false }
  return p.m * p.k <= mirroredLimit && 2 * p.m * (p.k + p.n) < 3 * p.n * p.k
}

/// The most floats that packed Aᵀ may take: 8 MiB, like packed B in BlockedMatMul.swift.
private let mirroredLimit = 1 << 21
/// Rows of B in a tile: with 512 steps, 192 KiB of the second-level cache.
private let mirroredRows = 96
/// Panels of Aᵀ in a tile, whose results are kept until all of k has been added: 96 × 384 floats, 144 KiB.
private let mirroredPanels = 8

/// C ← act(A·Bᵀ + bias), with the same order of additions in every sum as in `blockedMatMul`.
func mirroredMatMul(_ p: MatMulArguments, _ schedule: Schedule) {
  let panels = Panels(columns: p.m)
  let kBlocks = (p.k + 511) / 512
  let kBlock = (p.k + kBlocks - 1) / kBlocks

  // Pack Aᵀ into panels, each for all of k. The tiles are the k blocks of the panels.
  let packed = ScratchBuffer(count: panels.paddedColumns * p.k)
  defer { packed.free() }
  let right = packed.pointer
  schedule.run(panels.count * kBlocks) { piece, _ in
    let (panel, start) = (piece / kBlocks, piece % kBlocks * kBlock)
    let width = panels.vectors(of: panel) * laneCount
    packPanel(
      width: width, count: panels.columns(of: panel), steps: min(kBlock, p.k - start),
      elements: p.a.elements + panel * Panels.width * p.a.rowStride + start, stride: p.a.rowStride, stepStride: 1,
      into: right + panel * Panels.width * p.k + start * width)
  }

  let rows = p.n < 16 * mirroredRows ? mirroredRows / 2 : mirroredRows
  let rowBlocks = (p.n + rows - 1) / rows
  let groups = (panels.count + mirroredPanels - 1) / mirroredPanels
  let groupPanels = (panels.count + groups - 1) / groups
  let resultStride = groupPanels * Panels.width
  let results = ScratchBuffer(count: rows * resultStride * schedule.workers)
  defer { results.free() }
  let result = results.pointer
  schedule.run(rowBlocks * groups) { tile, worker in
    // Consecutive tiles share a block of B, so that it is read from memory once.
    let (block, group) = (tile / groups, tile % groups)
    let blockRows = block * rows..<min(p.n, (block + 1) * rows)
    let own = group * groupPanels..<min(panels.count, (group + 1) * groupPanels)
    let products = result + worker * rows * resultStride
    for kIndex in 0..<kBlocks {
      let start = kIndex * kBlock
      for panel in own {
        multiplyMirrored(
          p, panels, rows: blockRows, panel: panel, steps: start..<min(p.k, start + kBlock), right: right,
          into: products + (panel - own.lowerBound) * Panels.width, stride: resultStride)
      }
    }
    let tokens = own.lowerBound * Panels.width..<min(p.m, own.upperBound * Panels.width)
    transposePlane(
      products, p.c + tokens.lowerBound * p.cRowStride + blockRows.lowerBound, rows: 0..<tokens.count,
      columns: blockRows.count, columnStride: resultStride, step: p.cRowStride)
    finish(p, rows: tokens, columns: blockRows)
  }
}

/// Multiplies some rows of B by one panel of Aᵀ, over a block of k.
private func multiplyMirrored(
  _ p: MatMulArguments, _ panels: Panels, rows: Range<Int>, panel: Int, steps: Range<Int>,
  right: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, stride cRowStride: Int
) {
  let vectors = panels.vectors(of: panel)
  let width = vectors * laneCount
  let b: TileRight = (
    elements: right + panel * Panels.width * p.k + steps.lowerBound * width, stepStride: width
  )
  for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
    let a: TileLeft = (
      elements: p.b.elements + row * p.b.rowStride + steps.lowerBound, rowStride: p.b.rowStride, stepStride: 1
    )
    let result: TileResult = (
      elements: c + (row - rows.lowerBound) * cRowStride, rowStride: cRowStride,
      rows: min(tileRows, rows.upperBound - row), columns: width, accumulates: steps.lowerBound > 0
    )
    multiplyStridedTile(vectors: vectors, steps: steps.count, a, b, result)
  }
}
