// Attention of up to three queries, as in decoding: every key is used so rarely that packing it would be most of the work.
// Reading keys and values is the rest; so it is cut into chunks of keys, for one long cache to keep all workers busy.
// Read first: AttentionForward.swift, AttentionRows.swift.

import ApusKernelTypes

/// With fewer key heads in a batch than this, their keys are split.
private let fewHeads = 32

/// Keys and values of fewer floats than this are read by the caller alone, before a helper would have come (about 10 µs).
private let serialFloats = 1 << 16

/// softmax(scale · q·Kᵀ + bias) · V of few queries; a tile of work is a chunk of the keys of one key head, with all the
/// query heads that read it, so that keys come from memory once.
func attendFewQueries(_ p: AttentionForwardArguments, _ schedule: Schedule) {
  let s = p.shape
  let group = s.heads / s.keyHeads
  let tiles = s.batch * s.keyHeads
  let schedule = tiles * group * s.keyLength * (s.headSize + s.valueSize) < serialFloats ? .serial : schedule
  // About 256 KiB of keys and values of 64 floats for one query head; less where several read them.
  let chunk = tiles < fewHeads ? max(64, 512 / group) : max(1, s.keyLength)
  let chunks = max(1, (s.keyLength + chunk - 1) / chunk)
  let columns = paddedSize(s.valueSize)
  let rowsCount = runningRowsCount(s.queryLength, columns: columns)
  // [tile, query head of the group, chunk]
  let rows = ScratchBuffer(count: rowsCount * (chunks == 1 ? schedule.workers : tiles * group * chunks))
  defer { rows.free() }
  // In steps, so that a text that grows by a key at a time finds the memory of the token before.
  let room = tiles < fewHeads ? chunk : (s.keyLength / 1_024 + 1) * 1_024
  let perWorker = room + s.headSize
  let scratch = ScratchBuffer(count: perWorker * schedule.workers)
  defer { scratch.free() }
  let (memory, running) = (scratch.pointer, rows.pointer)
  schedule.run(tiles * chunks) { index, worker in
    let (tile, part) = (index / chunks, index % chunks)
    let (b, keyHead) = (tile / s.keyHeads, tile % s.keyHeads)
    let keys = part * chunk..<min(s.keyLength, (part + 1) * chunk)
    for member in 0..<group {
      let slot = chunks == 1 ? worker : (tile * group + member) * chunks + part
      let result = runningRows(running + rowsCount * slot, count: s.queryLength, columns: columns)
      let h = keyHead * group + member
      attend(p, sequence: b, head: h, keyHead: keyHead, keys: keys, result, memory: memory + worker * perWorker)
      if chunks == 1 { finishRows(p, sequence: b, head: h, queries: 0..<s.queryLength, result) }
    }
  }
  guard chunks > 1 else { return }
  for head in 0..<s.batch * s.heads {
    let result = mergedChunks(
      running + rowsCount * head * chunks, chunks: chunks, stride: rowsCount, capacity: s.queryLength,
      rows: s.queryLength, columns: columns)
    finishRows(p, sequence: head / s.heads, head: head % s.heads, queries: 0..<s.queryLength, result)
  }
}

/// The queries of one head over a chunk of keys.
private func attend(
  _ p: AttentionForwardArguments, sequence b: Int, head h: Int, keyHead: Int, keys range: Range<Int>,
  _ result: RunningRows, memory: UnsafeMutablePointer<Float>
) {
  let s = p.shape
  let (query, scores) = (memory, memory + s.headSize)
  let start = range.lowerBound
  for i in 0..<s.queryLength {
    let count = min(range.upperBound, s.limit(ofQuery: i, keys: s.keys(inSequence: b))) - start
    guard count > 0 else {
      (result.largest[i], result.total[i]) = (-.infinity, 0)
      continue
    }
    scale(
      p.query + b * p.queryStrides.batch + h * p.queryStrides.head + i * p.queryStrides.time, by: s.scale,
      into: query, count: s.headSize)
    dotRows(
      query, p.key + b * p.keyStrides.batch + keyHead * p.keyStrides.head + start * p.keyStrides.time,
      stride: p.keyStrides.time, count: count, steps: s.headSize, into: scores, yStride: 1, accumulates: false)
    addBias(s.biasRow(b, h, i, from: start), to: scores, count: count)
    (result.largest[i], result.total[i]) = exponentials(scores, scores, count: count)
    combineRows(
      scores, p.value + b * p.valueStrides.batch + keyHead * p.valueStrides.head + start * p.valueStrides.time,
      stride: p.valueStrides.time, columns: s.valueSize, steps: count,
      into: result.elements + i * paddedSize(s.valueSize), accumulates: false)
  }
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
