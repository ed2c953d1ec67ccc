// softmax(scale·Q·Kᵀ + mask)·V by blocks of queries and keys, with a running maximum and sum for each row, so that no T×T
// matrix is stored (Milakov, Gimelshein, arXiv:1805.02867; Dao et al., arXiv:2205.14135).
// Read first: ApusKernelsReference/ReferenceAttention.swift, AttentionBlocks.swift. Read next: AttentionFewQueries.swift,
// AttentionRows.swift, AttentionBackward.swift.

package import ApusKernelTypes

/// Keys whose attention scores a row tile holds at a time: 8 × 384 × 4 B = 12 KiB, which softmax finds in the nearest cache.
private var scoreColumns: Int { 2 * keyBlock }

/// Keys in a tile when there are few blocks of queries: whole blocks of keys.
private var keyChunk: Int { 4 * keyBlock }

/// With fewer tiles of queries than this, the keys are split too. It is not the number of workers, on which results must not
/// depend.
private let fewTiles = 16

extension SIMDKernels {
  /// O ← softmax(scale · Q·Kᵀ + mask) · V for every head; a query that sees no key gives zeros.
  package static func attentionForward(_ p: AttentionForwardArguments, _ schedule: Schedule) {
    let s = p.shape
    guard s.batch > 0, s.heads > 0, s.queryLength > 0 else { return }
    if s.queryLength < 4 || s.keyLength == 0 {
      attendFewQueries(p, schedule)
      return
    }
    let blocks = (s.queryLength + queryBlock - 1) / queryBlock
    let tiles = s.batch * s.heads * blocks
    let keyChunks = (s.keyLength + keyChunk - 1) / keyChunk

    // For every KV head, Kᵀ is packed into panels, and V's rows are made contiguous. This is done once if several blocks of
    // queries or several query heads read them, and otherwise in the tile that needs them.
    let isPackedOnce = blocks * s.heads > s.keyHeads
    let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
    // V's rows may be contiguous already.
    let packsValues = s.valueSize != valueColumns || p.valueStrides.time != valueColumns
    let panelCount = Panels(columns: s.keyLength).paddedColumns * s.headSize
    let headCount = panelCount + (packsValues ? s.keyLength * valueColumns : 0)
    let packed = ScratchBuffer(count: headCount * (isPackedOnce ? s.batch * s.keyHeads : schedule.workers))
    defer { packed.free() }
    let heads = packed.pointer
    if isPackedOnce {
      schedule.run(s.batch * s.keyHeads * keyChunks) { index, _ in
        let (head, start) = (index / keyChunks, index % keyChunks * keyChunk)
        let panels = heads + head * headCount
        packHead(
          p, sequence: head / s.keyHeads, keyHead: head % s.keyHeads, keys: start..<start + keyChunk, panels: panels,
          values: packsValues ? panels + panelCount : nil)
      }
    }

    // Few tiles, as for one long sequence with one head, would leave workers idle. Then each chunk of keys is a tile of its
    // own, and the results of the chunks are merged afterwards, in order.
    let chunks = tiles < fewTiles ? keyChunks : 1
    let rowsCount = runningRowsCount(queryBlock, columns: valueColumns)
    let rows = ScratchBuffer(count: rowsCount * (chunks == 1 ? schedule.workers : tiles * chunks))
    defer { rows.free() }
    let perWorker = tileRows * scoreColumns + queryBlock * headColumns + 2 * (tileRows + laneCount)
    let scratch = ScratchBuffer(count: perWorker * schedule.workers)
    defer { scratch.free() }
    let (memory, running) = (scratch.pointer, rows.pointer)
    schedule.run(tiles * chunks) { index, worker in
      let (tile, chunk) = (index / chunks, index % chunks)
      let (head, block) = (tile / blocks, tile % blocks)
      let (b, h) = (head / s.heads, head % s.heads)
      let keyHead = h * s.keyHeads / s.heads
      let keys = chunks == 1 ? 0..<s.keyLength : chunk * keyChunk..<min(s.keyLength, (chunk + 1) * keyChunk)
      let panels = heads + headCount * (isPackedOnce ? b * s.keyHeads + keyHead : worker)
      if !isPackedOnce {
        packHead(
          p, sequence: b, keyHead: keyHead, keys: keys, panels: panels, values: packsValues ? panels + panelCount : nil)
      }
      let queries = block * queryBlock..<min(s.queryLength, (block + 1) * queryBlock)
      let result = runningRows(
        running + rowsCount * (chunks == 1 ? worker : index), count: queryBlock, columns: valueColumns)
      attendBlock(
        p, sequence: b, head: h, queries: queries, keys: keys, keyPanels: panels,
        values: packsValues
          ? UnsafePointer(panels + panelCount) : p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head,
        result: result, memory: memory + worker * perWorker)
      if chunks == 1 { finishRows(p, sequence: b, head: h, queries: queries, result) }
    }
    guard chunks > 1 else { return }
    schedule.run(tiles) { tile, _ in
      let (head, block) = (tile / blocks, tile % blocks)
      let queries = block * queryBlock..<min(s.queryLength, (block + 1) * queryBlock)
      let result = mergedChunks(
        running + rowsCount * tile * chunks, chunks: chunks, stride: rowsCount, capacity: queryBlock,
        rows: queries.count, columns: valueColumns)
      finishRows(p, sequence: head / s.heads, head: head % s.heads, queries: queries, result)
    }
  }
}

/// Packs Kᵀ into panels and makes V's rows contiguous, for the keys of `range` that exist. `range` begins with a panel.
///
/// - Parameter values: The destination of V's rows; nil: they are contiguous already.
private func packHead(
  _ p: AttentionForwardArguments, sequence b: Int, keyHead: Int, keys range: Range<Int>,
  panels: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>?
) {
  let s = p.shape
  let start = range.lowerBound
  let count = min(range.upperBound, s.keys(inSequence: b)) - start
  guard count > 0 else { return }
  packTransposed(
    p.key + b * p.keyStrides.batch + keyHead * p.keyStrides.head + start * p.keyStrides.time,
    stride: p.keyStrides.time, count: count, size: s.headSize, into: panels + start * s.headSize)
  guard let values else { return }
  collectRows(
    p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head + start * p.valueStrides.time,
    stride: p.valueStrides.time, rows: count, size: s.valueSize, into: values + start * paddedSize(s.valueSize))
}

/// Computes one block of queries of one head over the keys of `range` that they see, without the final division.
private func attendBlock(
  _ p: AttentionForwardArguments, sequence b: Int, head h: Int, queries: Range<Int>, keys range: Range<Int>,
  keyPanels: UnsafePointer<Float>, values: UnsafePointer<Float>, result: RunningRows,
  memory: UnsafeMutablePointer<Float>
) {
  let s = p.shape
  let keys = s.keys(inSequence: b)
  let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
  let tile = memory
  let query = tile + tileRows * scoreColumns
  let newLargest = query + queryBlock * headColumns
  let corrections = newLargest + tileRows + laneCount
  result.largest.update(repeating: -.infinity, count: queries.count)
  result.total.update(repeating: 0, count: queries.count)
  // The last query sees the most keys.
  let limit = min(range.upperBound, s.limit(ofQuery: queries.upperBound - 1, keys: keys))
  guard limit > range.lowerBound else { return }
  collectRows(
    p.query + b * p.queryStrides.batch + h * p.queryStrides.head + queries.lowerBound * p.queryStrides.time,
    stride: p.queryStrides.time, rows: queries.count, size: s.headSize, scale: s.scale, into: query)

  for start in stride(from: range.lowerBound, to: limit, by: scoreColumns) {
    let end = min(limit, start + scoreColumns)
    let isFirst = start == range.lowerBound
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      let rows = min(tileRows, queries.count - row)
      let first = queries.lowerBound + row
      let tileEnd = min(end, s.limit(ofQuery: first + rows - 1, keys: keys))
      guard tileEnd > start else { continue }
      scoreTile(
        left: query + row * headColumns, rows: rows, packedRight: keyPanels, size: s.headSize, keys: keys,
        columns: start..<tileEnd, scores: tile, rowStride: scoreColumns)
      // Three passes over the rows, so that the latencies (of the search for a row's maximum, and of the correction of earlier
      // sums) overlap with the work on the next row, or are paid once for all rows.
      for r in 0..<rows {
        let visible = max(start, min(tileEnd, s.limit(ofQuery: first + r, keys: keys))) - start
        let line = tile + r * scoreColumns
        addBias(s.biasRow(b, h, first + r, from: start), to: line, count: visible)
        let seen = hideEnd(of: line, visible: visible)
        newLargest[r] = max(result.largest[row + r], largest(line, vectorsUpTo: seen))
      }
      var index = 0
      while index < tileRows {
        let top = newLargest.lanes(at: index)
        let shift = top.replacing(with: 0, where: top .== -.infinity)
        newLargest.store(shift, at: index)
        corrections.store(exponential((result.largest + row).lanes(at: index) - shift), at: index)
        for r in index..<max(index, min(rows, index + laneCount)) { result.largest[row + r] = top[r - index] }
        index += laneCount
      }
      for r in 0..<rows {
        let visible = max(start, min(tileEnd, s.limit(ofQuery: first + r, keys: keys))) - start
        let sum = exponentials(
          tile + r * scoreColumns, visible: visible, width: tileEnd - start, less: newLargest[r])
        let correction = corrections[r]
        result.total[row + r] = isFirst ? sum : result.total[row + r] * correction + sum
        if !isFirst && correction != 1 {
          let line = result.elements + (row + r) * valueColumns
          spreadRow(line, size: valueColumns, scale: correction, to: line)
        }
      }
      rowProduct(
        tileLeft(tile, rowStride: scoreColumns, stepStride: 1), steps: tileEnd - start,
        values + start * valueColumns, size: s.valueSize, into: result.elements + row * valueColumns, rows: rows,
        accumulates: !isFirst)
    }
  }
}

/// The largest element of a line of full vectors; −∞ for an empty line.
@inline(__always)
private func largest(_ line: UnsafePointer<Float>, vectorsUpTo end: Int) -> Float {
  var top = Lanes(repeating: -.infinity)
  var index = 0
  while index < end {
    top = maximum(top, line.lanes(at: index))
    index += laneCount
  }
  return horizontalMaximum(top)
}

/// Replaces the first `visible` scores of a line with e^(score − shift), and the rest up to `width` with zeros; returns the sum.
@inline(__always)
private func exponentials(
  _ line: UnsafeMutablePointer<Float>, visible: Int, width: Int, less shift: Float
) -> Float {
  let shift = Lanes(repeating: shift)
  var sum = Lanes.zero
  var index = 0
  while index < visible {
    let e = exponential(line.lanes(at: index) - shift)
    line.store(e, at: index)
    sum += e
    index += laneCount
  }
  while index < width {
    line.store(.zero, at: index)
    index += laneCount
  }
  return horizontalSum(sum)
}
