// Attention of up to three queries, as in decoding. Each key is used so rarely that packing it would be most of the work, so
// nothing is packed; and the keys are cut into chunks, so that one long cache keeps all workers busy.
// Read first: AttentionForward.swift, AttentionRows.swift.

import ApusKernelTypes

/// With fewer KV heads in a batch than this, their keys are split into chunks.
private let fewHeads = 32

/// With fewer floats in keys and values than this (about 10 µs), the caller works alone: helpers would come too late.
private let serialFloats = 1 << 16

/// softmax(scale · q·Kᵀ + mask) · V for few queries.
///
/// A tile is a chunk of the keys of one KV head, with all query heads that read it, so that keys are read from memory once.
func attendFewQueries(_ p: AttentionForwardArguments, _ schedule: Schedule) {
  let s = p.shape
  let group = s.heads / s.keyHeads
  let tiles = s.batch * s.keyHeads
  let schedule = tiles * group * s.keyLength * (s.headSize + s.valueSize) < serialFloats ? .serial : schedule
  // For one query head, about 256 KiB of keys and values of 64 floats each; less if several query heads read them.
  let chunk = tiles < fewHeads ? max(64, 512 / group) : max(1, s.keyLength)
  let chunks = max(1, (s.keyLength + chunk - 1) / chunk)
  let columns = paddedSize(s.valueSize)
  let rowsCount = runningRowsCount(s.queryLength, columns: columns)
  // [tile, query head of the group, chunk]
  let rows = ScratchBuffer(count: rowsCount * (chunks == 1 ? schedule.workers : tiles * group * chunks))
  defer { rows.free() }
  // Rounded up, so that a sequence that grows by one key per token finds the memory of the previous token in the pool.
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

/// Computes the queries of one head over a chunk of keys.
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

/// y ← factor · x
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
