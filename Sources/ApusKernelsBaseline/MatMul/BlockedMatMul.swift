// The loops around the micro-kernel: columns, packing of B, tiles for the workers, k blocks, packing of A, panels, rows.
// Read first: ApusKernelsReference/ReferenceMatMul.swift, Packing.swift. Read next: Epilogue.swift.

import ApusKernelTypes

/// Products with fewer multiply–adds than this (about 5 µs) run on the caller alone.
let serialBelow = 600_000

/// The most floats that packed B may take (8 MiB, a share of the last-level cache); wider products are cut by columns.
private let packedRightLimit = 1 << 21

/// After this many floats of the product (128 KiB, which the second-level cache still holds), bias and activation are applied
/// to them.
private let finishedFloats = 1 << 15

/// One matrix product, none of whose sizes is zero.
func blockedMatMul(_ p: MatMulArguments, _ schedule: Schedule) {
  // The chunks are even and consist of whole panels: a small last chunk would read all of A for little work.
  let panels = Panels(columns: p.n).count
  let most = max(packedRightLimit / p.k / Panels.width, 1)
  let chunks = (panels + most - 1) / most
  let limit = (panels + chunks - 1) / chunks * Panels.width
  var column = 0
  while column < p.n {
    let columns = min(limit, p.n - column)
    columnChunk(p.columns(column, columns), schedule)
    column += columns
  }
}

extension MatMulArguments {
  /// The part of the product for columns `start ..< start + count` of B and C.
  @inline(__always)
  fileprivate func columns(_ start: Int, _ count: Int) -> MatMulArguments {
    var part = self
    part.n = count
    part.b.elements += b.isTransposed ? start * b.rowStride : start
    part.b.panels = b.panels.map { $0 + start * k }
    part.c += start
    part.bias = bias.map { $0 + start }
    part.slopes = slopes.map { $0 + start }
    part.factors = factors.map { $0 + start }
    part.columnSums = columnSums.map { $0 + start }
    return part
  }
}

private func columnChunk(_ p: MatMulArguments, _ schedule: Schedule) {
  let blocking = makeBlocking(p)
  let tiles = blocking.rowBlocks * blocking.columnGroups
  let panels = Panels(columns: p.n)

  // B is packed as a whole, perhaps in advance. Otherwise only a ragged last panel is packed, because the micro-kernel reads
  // full vectors.
  let packsAll = blocking.packsRight || p.b.panels != nil
  let firstPacked = packsAll ? 0 : p.n % laneCount == 0 ? panels.count : panels.count - 1
  let packedCount = (panels.paddedColumns - firstPacked * Panels.width) * p.k
  let packedRight = ScratchBuffer(count: p.b.panels == nil ? max(0, packedCount) : 0)
  defer { packedRight.free() }
  if p.b.panels == nil && firstPacked < panels.count {
    let panelsToPack = panels.count - firstPacked
    let group = max(1, 16_384 / (Panels.width * p.k))
    let packingTiles = (panelsToPack + group - 1) / group
    let right = packedRight.pointer
    run(packingTiles, serially: tiles == 1, schedule) { tile, _ in
      for index in tile * group..<min(panelsToPack, (tile + 1) * group) {
        packRightPanel(p, panels, firstPacked + index, blocking, into: right + index * Panels.width * p.k)
      }
    }
  }

  let leftCount = blocking.packsLeft ? blocking.rowBlock * blocking.kBlock : 0
  let packedLeft = ScratchBuffer(count: leftCount * schedule.workers)
  defer { packedLeft.free() }
  let (left, right) = (packedLeft.pointer, p.b.panels ?? UnsafePointer(packedRight.pointer))
  // Each block of rows has its own sums of columns, which are added in order at the end.
  let partialSums = ScratchBuffer(count: p.columnSums == nil ? 0 : blocking.rowBlocks * p.n)
  defer { partialSums.free() }
  let sums = p.columnSums == nil ? nil : partialSums.pointer
  sums?.update(repeating: 0, count: partialSums.count)
  run(tiles, serially: false, schedule) { tile, worker in
    // Consecutive tiles share a block of rows, so what a worker packed or wrote is still in its cache.
    let (rowIndex, group) = (tile / blocking.columnGroups, tile % blocking.columnGroups)
    let rows = rowIndex * blocking.rowBlock..<min(p.m, (rowIndex + 1) * blocking.rowBlock)
    let first = group * blocking.groupPanels
    let groupPanels = first..<min(panels.count, first + blocking.groupPanels)
    multiplyBlock(
      p, blocking, panels, rows: rows, groupPanels: groupPanels, left: left + worker * leftCount, right: right,
      firstPacked: firstPacked, sums: sums.map { $0 + rowIndex * p.n })
  }
  if let sums, let total = p.columnSums {
    addRows(sums, rows: blocking.rowBlocks, stride: p.n, into: total, count: p.n)
  }
}

/// Runs tiles on the schedule, or on the caller if there is only one or they are to run serially.
@inline(__always)
private func run(_ tiles: Int, serially: Bool, _ schedule: Schedule, _ body: Schedule.Body) {
  if serially || tiles == 1 {
    for tile in 0..<tiles { body(tile, 0) }
  } else {
    schedule.run(tiles, body)
  }
}

/// Packs panel `index` of B for all of k, one k block after the other.
private func packRightPanel(
  _ p: MatMulArguments, _ panels: Panels, _ index: Int, _ blocking: Blocking, into panel: UnsafeMutablePointer<Float>
) {
  let stride = p.b.isTransposed ? p.b.rowStride : 1
  packPanel(
    width: panels.vectors(of: index) * laneCount, count: panels.columns(of: index), steps: p.k,
    elements: p.b.elements + index * Panels.width * stride, stride: stride,
    stepStride: p.b.isTransposed ? 1 : p.b.rowStride, into: panel)
}

/// Computes `rows` × `groupPanels` of C over all of k, and applies bias, activation and factors.
private func multiplyBlock(
  _ p: MatMulArguments, _ blocking: Blocking, _ panels: Panels, rows: Range<Int>, groupPanels: Range<Int>,
  left: UnsafeMutablePointer<Float>, right: UnsafePointer<Float>, firstPacked: Int, sums: UnsafeMutablePointer<Float>?
) {
  let (leftRowStride, leftStepStride) = p.a.isTransposed ? (1, p.a.rowStride) : (p.a.rowStride, 1)
  for kIndex in 0..<blocking.kBlocks {
    let kStart = kIndex * blocking.kBlock
    let steps = min(blocking.kBlock, p.k - kStart)
    let accumulates = p.accumulates || kIndex > 0
    let source = p.a.elements + kStart * leftStepStride
    if blocking.packsLeft {
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
        packPanel(
          width: tileRows, count: min(tileRows, rows.upperBound - row), steps: steps,
          elements: source + row * leftRowStride, stride: leftRowStride, stepStride: leftStepStride,
          into: left + (row - rows.lowerBound) * steps)
      }
    }
    var unfinished = groupPanels.lowerBound
    for panel in groupPanels {
      let vectors = panels.vectors(of: panel)
      let width = vectors * laneCount
      let isPacked = panel >= firstPacked
      let b: TileRight =
        isPacked
        ? (
          elements: right + (panel - firstPacked) * Panels.width * p.k + kStart * width, stepStride: width
        )
        : (
          elements: p.b.elements + kStart * p.b.rowStride + panel * Panels.width, stepStride: p.b.rowStride
        )
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
        let result: TileResult = (
          elements: p.c + row * p.cRowStride + panel * Panels.width, rowStride: p.cRowStride,
          rows: min(tileRows, rows.upperBound - row), columns: panels.columns(of: panel), accumulates: accumulates
        )
        if blocking.packsLeft && isPacked {
          multiplyPackedTile(
            vectors: vectors, steps: steps, left + (row - rows.lowerBound) * steps, b.elements, result)
        } else {
          let a =
            blocking.packsLeft
            ? tileLeft(left + (row - rows.lowerBound) * steps, rowStride: 1, stepStride: tileRows)
            : tileLeft(source + row * leftRowStride, rowStride: leftRowStride, stepStride: leftStepStride)
          multiplyStridedTile(vectors: vectors, steps: steps, a, b, result)
        }
      }
      // A wide block is finished in several pieces: at its end, its first columns would be in a farther cache.
      let end = panel + 1
      let isLarge = rows.count * (end - unfinished) * Panels.width >= finishedFloats
      if kIndex == blocking.kBlocks - 1 && (isLarge || end == groupPanels.upperBound) {
        finish(p, rows: rows, columns: unfinished * Panels.width..<min(p.n, end * Panels.width), sums: sums)
        unfinished = end
      }
    }
  }
}

/// The cut of one m × n × k product. (Why it is a tuple: see ApusKernelTypes/Arguments/TileOperands.swift.)
///
/// k is cut into blocks so that a left panel (tileRows × kBlock floats: 16 KiB at 512) stays in the first-level cache while
/// right panels stream through it from the second. Rows are cut so that a packed block of A (96 × 512 × 4 B = 192 KiB) and the
/// current right panel share the second-level cache. The k blocks fix the order of the additions, so they depend on k alone.
/// Rows and columns may be cut in any way.
private typealias Blocking = (
  kBlock: Int, kBlocks: Int, rowBlock: Int, rowBlocks: Int, groupPanels: Int, columnGroups: Int, packsLeft: Bool,
  packsRight: Bool
)

private func makeBlocking(_ p: MatMulArguments) -> Blocking {
  let (m, n, k) = (p.m, p.n, p.k)
  let kBlocks = (k + 511) / 512
  let kBlock = (k + kBlocks - 1) / kBlocks
  let panels = Panels(columns: n)
  let isSmall = m * n * k < serialBelow

  // Even row blocks of whole tiles. If B fits in 512 KiB of the second-level cache, there are enough blocks of whole rows for
  // many workers, rather than groups of columns, so that each reads and writes contiguous memory.
  let targetRows = n * k <= 1 << 17 ? max(48, min(96, m / 16)) : 96
  let blocks = isSmall ? 1 : (m + targetRows - 1) / targetRows
  let rowTiles = (m + tileRows - 1) / tileRows
  let tilesPerBlock = (rowTiles + blocks - 1) / blocks
  let rowBlocks = (rowTiles + tilesPerBlock - 1) / tilesPerBlock

  // Groups of columns, so that there are enough tiles for many workers to share evenly.
  let wanted = isSmall ? 1 : max(1, (16 + rowBlocks - 1) / rowBlocks)
  let groupPanels = max(1, (panels.count + wanted - 1) / wanted)
  let columnGroups = (panels.count + groupPanels - 1) / groupPanels

  // Packing A pays only if the copy is read very often: the tile broadcasts single elements, for which rows and columns serve
  // equally well. (Measured: packing cost up to 15 % at n = 128, and gained nothing below n = 768.)
  let packsLeft = n > 16 * Panels.width
  // B must be packed if it is stored transposed, since vectors need contiguous elements. Otherwise it is packed only if its
  // rows span more than 1 MiB, a share of the second-level cache, and many row tiles read them.
  let packsRight = p.b.isTransposed || (m > 4 * tileRows && k * p.b.rowStride > 1 << 18)
  return (kBlock, kBlocks, tilesPerBlock * tileRows, rowBlocks, groupPanels, columnGroups, packsLeft, packsRight)
}
