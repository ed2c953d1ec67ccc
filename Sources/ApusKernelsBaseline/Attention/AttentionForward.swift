// softmax(scale·Q·Kᵀ + mask)·V by blocks of queries and keys, with the running maximum and sum of each row: no T×T
// matrix exists (Milakov, Gimelshein, arXiv:1805.02867; Dao et al., arXiv:2205.14135).
// Read first: ApusKernelsReference/ReferenceAttention.swift, AttentionBlocks.swift. Read next: AttentionBackward.swift.

import ApusKernelTypes

/// O ← softmax(scale · Q·Kᵀ + bias) · V for every head; rows whose every key is masked give zeros.
func attentionForward(_ p: AttentionForwardArguments, _ schedule: Schedule) {
  let s = p.shape
  guard s.batch > 0, s.heads > 0, s.queryLength > 0 else { return }
  if s.queryLength < 4 || s.keyLength == 0 {
    attendFewQueries(p, schedule)
    return
  }

  // Kᵀ in panels and V's rows side by side for every key head: once, if several blocks of queries or several query heads
  // read them; otherwise where they are needed, while they are in the nearest cache.
  let blocks = (s.queryLength + queryBlock - 1) / queryBlock
  let isPackedOnce = blocks * s.heads > s.keyHeads
  let panelCount = Panels(columns: s.keyLength).paddedColumns * s.headSize
  let headCount = panelCount + s.keyLength * paddedSize(s.valueSize)
  let packed = ScratchBuffer(count: headCount * (isPackedOnce ? s.batch * s.keyHeads : schedule.workers))
  defer { packed.free() }
  let heads = packed.pointer
  if isPackedOnce {
    schedule.run(s.batch * s.keyHeads) { tile, _ in
      let panels = heads + tile * headCount
      packHead(
        p, sequence: tile / s.keyHeads, keyHead: tile % s.keyHeads, panels: panels, values: panels + panelCount)
    }
  }

  let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
  let perWorker = queryBlock * (keyBlock + headColumns + valueColumns + 3)
  let scratch = ScratchBuffer(count: perWorker * schedule.workers)
  defer { scratch.free() }
  let memory = scratch.pointer
  schedule.run(s.batch * s.heads * blocks) { tile, worker in
    let (head, block) = (tile / blocks, tile % blocks)
    let (b, h) = (head / s.heads, head % s.heads)
    let keyHead = h * s.keyHeads / s.heads
    let panels = heads + headCount * (isPackedOnce ? b * s.keyHeads + keyHead : worker)
    if !isPackedOnce { packHead(p, sequence: b, keyHead: keyHead, panels: panels, values: panels + panelCount) }
    attendBlock(
      p, sequence: b, head: h, queries: block * queryBlock..<min(s.queryLength, (block + 1) * queryBlock),
      keyPanels: panels, values: panels + panelCount, memory: memory + worker * perWorker)
  }
}

/// Kᵀ in panels, and V's rows side by side.
private func packHead(
  _ p: AttentionForwardArguments, sequence b: Int, keyHead: Int, panels: UnsafeMutablePointer<Float>,
  values: UnsafeMutablePointer<Float>
) {
  let s = p.shape
  let keys = s.keys(inSequence: b)
  packTransposed(
    p.key + b * p.keyStrides.batch + keyHead * p.keyStrides.head, stride: p.keyStrides.time, count: keys,
    size: s.headSize, into: panels)
  collectRows(
    p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head, stride: p.valueStrides.time, rows: keys,
    size: s.valueSize, into: values)
}

/// One block of queries of one head against all keys they see.
private func attendBlock(
  _ p: AttentionForwardArguments, sequence b: Int, head h: Int, queries: Range<Int>,
  keyPanels: UnsafePointer<Float>, values: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
) {
  let s = p.shape
  let keys = s.keys(inSequence: b)
  let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))

  let scores = memory
  let query = scores + queryBlock * keyBlock
  let result = query + queryBlock * headColumns
  let largestScore = result + queryBlock * valueColumns
  let total = largestScore + queryBlock
  let newLargest = total + queryBlock
  largestScore.update(repeating: -.infinity, count: queries.count)
  total.update(repeating: 0, count: queries.count)
  collectRows(
    p.query + b * p.queryStrides.batch + h * p.queryStrides.head + queries.lowerBound * p.queryStrides.time,
    stride: p.queryStrides.time, rows: queries.count, size: s.headSize, scale: s.scale, into: query)

  // The last query sees the most keys.
  let limit = s.limit(ofQuery: queries.upperBound - 1, keys: keys)
  for start in stride(from: 0, to: limit, by: keyBlock) {
    let end = min(limit, start + keyBlock)
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      let rows = min(tileRows, queries.count - row)
      let tileEnd = min(end, s.limit(ofQuery: queries.lowerBound + row + rows - 1, keys: keys))
      guard tileEnd > start else { continue }
      let tile = scores + row * keyBlock
      scoreTile(
        left: query + row * headColumns, rows: rows, packedRight: keyPanels, size: s.headSize, keys: keys,
        columns: start..<tileEnd, scores: tile)
      // Two passes over the rows, so that what one waits for (the largest of a row) overlaps with the next row's work.
      for r in 0..<rows {
        let i = queries.lowerBound + row + r
        let visible = max(start, min(tileEnd, s.limit(ofQuery: i, keys: keys))) - start
        let line = tile + r * keyBlock
        addBias(s.biasRow(b, h, i, from: start), to: line, count: visible)
        let seen = hideEnd(of: line, visible: visible)
        newLargest[row + r] = max(largestScore[row + r], largest(line, vectorsUpTo: seen))
      }
      for r in 0..<rows {
        let i = queries.lowerBound + row + r
        let visible = max(start, min(tileEnd, s.limit(ofQuery: i, keys: keys))) - start
        softmaxStep(
          tile + r * keyBlock, visible: visible, width: tileEnd - start, isFirst: start == 0,
          top: newLargest[row + r], largestScore: largestScore + row + r, total: total + row + r,
          result: result + (row + r) * valueColumns, columns: valueColumns)
      }
      rowProduct(
        TileLeft(elements: tile, rowStride: keyBlock, stepStride: 1), steps: tileEnd - start,
        values + start * valueColumns, size: s.valueSize, into: result + row * valueColumns, rows: rows,
        accumulates: start > 0)
    }
  }

  for r in 0..<queries.count {
    let i = queries.lowerBound + r
    let output = p.output + b * p.outputStrides.batch + h * p.outputStrides.head + i * p.outputStrides.time
    let sum = total[r]
    if sum > 0 {
      spreadRow(result + r * valueColumns, size: s.valueSize, scale: 1 / sum, to: output)
    } else {
      output.update(repeating: 0, count: s.valueSize)
    }
  }
  if let logSumExp = p.logSumExp {
    store(
      logSumExp + (b * s.heads + h) * s.queryLength + queries.lowerBound, total, largestScore, count: queries.count)
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

/// The largest of a line of whole vectors; −∞ of none.
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

/// Turns a row of scores into exponentials against the largest so far, and rescales what was summed before.
@inline(__always)
private func softmaxStep(
  _ line: UnsafeMutablePointer<Float>, visible: Int, width: Int, isFirst: Bool, top: Float,
  largestScore: UnsafeMutablePointer<Float>, total: UnsafeMutablePointer<Float>,
  result: UnsafeMutablePointer<Float>, columns: Int
) {
  let shift = Lanes(repeating: top == -.infinity ? 0 : top)
  var sum = Lanes.zero
  var index = 0
  while index < visible {
    let e = exp(line.lanes(at: index) - shift)
    line.store(e, at: index)
    sum += e
    index += laneCount
  }
  while index < width {
    line.store(.zero, at: index)
    index += laneCount
  }
  let added = horizontalSum(sum)
  if isFirst {
    total[0] = added
  } else {
    let old = largestScore[0]
    let correction = old == -.infinity ? 0 : exp(Lanes(repeating: old - top))[0]
    total[0] = total[0] * correction + added
    if correction != 1 { spreadRow(result, size: columns, scale: correction, to: result) }
  }
  largestScore[0] = top
}

@inline(__always)
private func scale(
  _ x: UnsafePointer<Float>, by factor: Float, into y: UnsafeMutablePointer<Float>, count: Int
) {
  forEachVector(in: 0..<count) { index in
    y.store(x.lanes(at: index) * factor, at: index)
  } tail: { index, count in
    y.storePartial(x.partialLanes(at: index, count: count) * factor, at: index, count: count)
  }
}

/// Up to three queries, as in decoding: every key is used so rarely that copying it would be most of the work.
private func attendFewQueries(_ p: AttentionForwardArguments, _ schedule: Schedule) {
  let s = p.shape
  // In steps, so that a text that grows by a key at a time finds the memory of the token before.
  let room = (s.keyLength / 1_024 + 1) * 1_024
  let perWorker = room + s.headSize
  let scratch = ScratchBuffer(count: perWorker * schedule.workers)
  defer { scratch.free() }
  let memory = scratch.pointer
  schedule.run(s.batch * s.heads) { tile, worker in
    let (b, h) = (tile / s.heads, tile % s.heads)
    let keyHead = h * s.keyHeads / s.heads
    let scores = memory + worker * perWorker
    let query = scores + room
    for i in 0..<s.queryLength {
      let visible = s.limit(ofQuery: i, keys: s.keys(inSequence: b))
      let output = p.output + b * p.outputStrides.batch + h * p.outputStrides.head + i * p.outputStrides.time
      scale(
        p.query + b * p.queryStrides.batch + h * p.queryStrides.head + i * p.queryStrides.time, by: s.scale,
        into: query, count: s.headSize)
      dotRows(
        query, p.key + b * p.keyStrides.batch + keyHead * p.keyStrides.head, stride: p.keyStrides.time,
        count: visible, steps: s.headSize, into: scores, yStride: 1, accumulates: false)
      addBias(s.biasRow(b, h, i, from: 0), to: scores, count: visible)
      let (top, total) = exponentials(scores, scores, count: visible)
      combineRows(
        scores, p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head, stride: p.valueStrides.time,
        columns: s.valueSize, steps: visible, into: output, accumulates: false)
      scale(output, by: total > 0 ? 1 / total : 0, into: output, count: s.valueSize)
      if let logSumExp = p.logSumExp {
        logSumExp[(b * s.heads + h) * s.queryLength + i] =
          total > 0 ? top + log(Lanes(repeating: total))[0] : -.infinity
      }
    }
  }
}
