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

  // Kᵀ in panels for every key head, once for all query blocks.
  let packedSize = Panels(columns: s.keyLength).paddedColumns * s.headSize
  let collectedSize = s.keyLength * paddedSize(s.headSize)
  let packed = ScratchBuffer(count: s.batch * s.keyHeads * packedSize)
  let collected = ScratchBuffer(count: schedule.workers * collectedSize)
  defer { packed.free() }
  let (keyPanels, rows) = (packed.pointer, collected.pointer)
  schedule.run(s.batch * s.keyHeads) { tile, worker in
    let (b, h) = (tile / s.keyHeads, tile % s.keyHeads)
    let (keys, memory) = (s.keys(inSequence: b), rows + worker * collectedSize)
    collectRows(
      p.key + b * p.keyStrides.batch + h * p.keyStrides.head, stride: p.keyStrides.time, rows: keys, size: s.headSize,
      into: memory)
    packTransposed(memory, count: keys, size: s.headSize, into: keyPanels + tile * packedSize)
  }
  collected.free()

  let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
  let perWorker = queryBlock * (keyBlock + headColumns + valueColumns + 2) + keyBlock * valueColumns
  let scratch = ScratchBuffer(count: perWorker * schedule.workers)
  defer { scratch.free() }
  let memory = scratch.pointer
  let blocks = (s.queryLength + queryBlock - 1) / queryBlock
  schedule.run(s.batch * s.heads * blocks) { tile, worker in
    let (head, block) = (tile / blocks, tile % blocks)
    let (b, h) = (head / s.heads, head % s.heads)
    let keyHead = b * s.keyHeads + h * s.keyHeads / s.heads
    attendBlock(
      p, sequence: b, head: h,
      queries: block * queryBlock..<min(s.queryLength, (block + 1) * queryBlock),
      keyPanels: keyPanels + keyHead * packedSize, memory: memory + worker * perWorker)
  }
}

/// One block of queries of one head against all keys they see.
private func attendBlock(
  _ p: AttentionForwardArguments, sequence b: Int, head h: Int, queries: Range<Int>,
  keyPanels: UnsafePointer<Float>, memory: UnsafeMutablePointer<Float>
) {
  let s = p.shape
  let keys = s.keys(inSequence: b)
  let keyHead = h * s.keyHeads / s.heads
  let value = p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head
  let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))

  let scores = memory
  let query = scores + queryBlock * keyBlock
  let result = query + queryBlock * headColumns
  let largestScore = result + queryBlock * valueColumns
  let total = largestScore + queryBlock
  let values = total + queryBlock
  largestScore.update(repeating: -.infinity, count: queries.count)
  total.update(repeating: 0, count: queries.count)
  collectRows(
    p.query + b * p.queryStrides.batch + h * p.queryStrides.head + queries.lowerBound * p.queryStrides.time,
    stride: p.queryStrides.time, rows: queries.count, size: s.headSize, scale: s.scale, into: query)

  // The last query sees the most keys.
  let limit = s.limit(ofQuery: queries.upperBound - 1, keys: keys)
  for start in stride(from: 0, to: limit, by: keyBlock) {
    let end = min(limit, start + keyBlock)
    collectRows(
      value + start * p.valueStrides.time, stride: p.valueStrides.time, rows: end - start, size: s.valueSize,
      into: values)
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      let rows = min(tileRows, queries.count - row)
      let tileEnd = min(end, s.limit(ofQuery: queries.lowerBound + row + rows - 1, keys: keys))
      guard tileEnd > start else { continue }
      let tile = scores + row * keyBlock
      scoreTile(
        left: query + row * headColumns, rows: rows, packedRight: keyPanels, size: s.headSize, keys: keys,
        columns: start..<tileEnd, scores: tile)
      for r in 0..<rows {
        let i = queries.lowerBound + row + r
        let visible = max(start, min(tileEnd, s.limit(ofQuery: i, keys: keys))) - start
        let line = tile + r * keyBlock
        addBias(s.biasRow(b, h, i, from: start), to: line, count: visible)
        softmaxStep(
          line, visible: visible, width: tileEnd - start, isFirst: start == 0, largestScore: largestScore + row + r,
          total: total + row + r, result: result + (row + r) * valueColumns, columns: valueColumns)
      }
      rowProduct(
        TileLeft(elements: tile, rowStride: keyBlock, stepStride: 1), steps: tileEnd - start, values,
        size: s.valueSize, into: result + row * valueColumns, rows: rows, accumulates: start > 0)
    }
  }

  for r in 0..<queries.count {
    let i = queries.lowerBound + r
    let output = p.output + b * p.outputStrides.batch + h * p.outputStrides.head + i * p.outputStrides.time
    let sum = total[r]
    if sum > 0 {
      scale(result + r * valueColumns, by: 1 / sum, into: output, count: s.valueSize)
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

/// Turns a row of scores into exponentials against the running maximum, and rescales what was summed before.
@inline(__always)
private func softmaxStep(
  _ line: UnsafeMutablePointer<Float>, visible: Int, width: Int, isFirst: Bool,
  largestScore: UnsafeMutablePointer<Float>, total: UnsafeMutablePointer<Float>,
  result: UnsafeMutablePointer<Float>, columns: Int
) {
  let old = largestScore[0]
  let top = max(old, largest(line, count: visible))
  let shift = Lanes(repeating: top == -.infinity ? 0 : top)
  let added = sum(
    visible,
    of: { index in
      let e = exp(line.lanes(at: index) - shift)
      line.store(e, at: index)
      return e
    },
    tail: { index, count in
      let e = exp(line.partialLanes(at: index, count: count, padding: -.infinity) - shift)
      line.storePartial(e, at: index, count: count)
      return e
    })
  if visible < width { (line + visible).update(repeating: 0, count: width - visible) }
  if isFirst {
    total[0] = added
  } else {
    let correction = old == -.infinity ? 0 : exp(Lanes(repeating: old - top))[0]
    total[0] = total[0] * correction + added
    if correction != 1 { scale(result, by: correction, into: result, count: columns) }
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
  let perWorker = max(1, s.keyLength) + s.headSize
  let scratch = ScratchBuffer(count: perWorker * schedule.workers)
  defer { scratch.free() }
  let memory = scratch.pointer
  schedule.run(s.batch * s.heads) { tile, worker in
    let (b, h) = (tile / s.heads, tile % s.heads)
    let keyHead = h * s.keyHeads / s.heads
    let scores = memory + worker * perWorker
    let query = scores + max(1, s.keyLength)
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
