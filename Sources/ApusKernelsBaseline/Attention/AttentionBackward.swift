// The gradients of attention, from the same blocks again: the probabilities are recomputed from the row statistics
// that the forward kept, P = exp(S − logSumExp), so that nothing of size T×T is ever stored.
// Read first: AttentionForward.swift, Reference/ReferenceAttention.swift.

import ApusKernelTypes

/// dV = Pᵀ·dO; dP = dO·Vᵀ; dS = P ∘ (dP − δ) with δ = Σ dO ∘ O; dQ = scale · dS·K; dK = scale · dSᵀ·Q; dbias = dS.
///
/// One tile is one key head of one sequence: its dK and dV are sums over all queries of its query heads, added in order.
func attentionBackward(_ p: AttentionBackwardArguments, _ schedule: Schedule) {
  let s = p.forward.shape
  guard s.batch > 0, s.keyHeads > 0, s.queryLength > 0 else { return }
  let layout = BackwardScratch(s)
  let scratch = ScratchBuffer(count: layout.count * schedule.workers)
  defer { scratch.free() }
  let memory = scratch.pointer
  schedule.run(s.batch * s.keyHeads) { tile, worker in
    backward(p, sequence: tile / s.keyHeads, keyHead: tile % s.keyHeads, memory: memory + worker * layout.count, layout)
  }
}

/// Where a worker's parts lie in its scratch.
private struct BackwardScratch {
  let keyPanels: Int
  let valuePanels: Int
  let probabilities: Int
  let scoreGradients: Int
  let delta: Int
  let keyRows: Int
  let queryRows: Int
  let outputRows: Int
  let count: Int

  init(_ s: AttentionShape) {
    let paddedKeys = Panels(columns: s.keyLength).paddedColumns
    keyPanels = 0
    valuePanels = keyPanels + paddedKeys * s.headSize
    probabilities = valuePanels + paddedKeys * s.valueSize
    scoreGradients = probabilities + queryBlock * keyBlock
    delta = scoreGradients + queryBlock * keyBlock
    keyRows = delta + s.queryLength
    queryRows = keyRows + rightRowsScratch(rows: s.keyLength, columns: s.headSize)
    outputRows = queryRows + rightRowsScratch(rows: s.queryLength, columns: s.headSize)
    count = outputRows + rightRowsScratch(rows: s.queryLength, columns: s.valueSize)
  }
}

private func backward(
  _ p: AttentionBackwardArguments, sequence b: Int, keyHead: Int, memory: UnsafeMutablePointer<Float>,
  _ layout: BackwardScratch
) {
  let f = p.forward
  let s = f.shape
  let keys = s.keys(inSequence: b)
  let keyOffset = b * f.keyStrides.batch + keyHead * f.keyStrides.head
  let valueOffset = b * f.valueStrides.batch + keyHead * f.valueStrides.head
  clear(p.keyGradient + keyOffset, stride: f.keyStrides.time, rows: s.keyLength, columns: s.headSize)
  clear(p.valueGradient + valueOffset, stride: f.valueStrides.time, rows: s.keyLength, columns: s.valueSize)

  let (key, value) = (f.key + keyOffset, f.value + valueOffset)
  packTransposed(
    key, stride: f.keyStrides.time, count: keys, size: s.headSize, into: memory + layout.keyPanels)
  packTransposed(
    value, stride: f.valueStrides.time, count: keys, size: s.valueSize, into: memory + layout.valuePanels)
  let keyRows = rightRows(
    key, stride: f.keyStrides.time, rows: keys, columns: s.headSize, scratch: memory + layout.keyRows)

  let group = s.heads / s.keyHeads
  for h in keyHead * group..<(keyHead + 1) * group {
    let queryOffset = b * f.queryStrides.batch + h * f.queryStrides.head
    let query = f.query + queryOffset
    let outputGradient = p.outputGradient + b * p.outputGradientStrides.batch + h * p.outputGradientStrides.head
    let output = UnsafePointer(f.output + b * f.outputStrides.batch + h * f.outputStrides.head)
    clear(p.queryGradient + queryOffset, stride: f.queryStrides.time, rows: s.queryLength, columns: s.headSize)
    let delta = memory + layout.delta
    for i in 0..<s.queryLength {
      let (o, g) = (output + i * f.outputStrides.time, outputGradient + i * p.outputGradientStrides.time)
      delta[i] = sum(
        s.valueSize, of: { o.lanes(at: $0) * g.lanes(at: $0) },
        tail: { o.partialLanes(at: $0, count: $1) * g.partialLanes(at: $0, count: $1) })
    }
    let head = BackwardHead(
      sequence: b, head: h, keys: keys, query: query, queryStride: f.queryStrides.time,
      outputGradient: outputGradient, outputGradientStride: p.outputGradientStrides.time,
      queryRows: rightRows(
        query, stride: f.queryStrides.time, rows: s.queryLength, columns: s.headSize,
        scratch: memory + layout.queryRows),
      outputRows: rightRows(
        outputGradient, stride: p.outputGradientStrides.time, rows: s.queryLength, columns: s.valueSize,
        scratch: memory + layout.outputRows),
      keyRows: keyRows, keyPanels: memory + layout.keyPanels, valuePanels: memory + layout.valuePanels,
      logSumExp: f.logSumExp.map { UnsafePointer($0) + (b * s.heads + h) * s.queryLength },
      delta: delta, probabilities: memory + layout.probabilities, scoreGradients: memory + layout.scoreGradients,
      queryGradient: p.queryGradient + queryOffset, keyGradient: p.keyGradient + keyOffset,
      keyGradientStride: f.keyStrides.time, valueGradient: p.valueGradient + valueOffset,
      valueGradientStride: f.valueStrides.time,
      biasGradient: p.biasGradient.map { $0 + (b * s.heads + h) * s.queryLength * s.keyLength })
    for start in stride(from: 0, to: keys, by: keyBlock) {
      let block = start..<min(keys, start + keyBlock)
      let firstQuery = s.firstQuery(seeingKey: start) / queryBlock * queryBlock
      for queryStart in stride(from: firstQuery, to: s.queryLength, by: queryBlock) {
        head.addBlock(s, queries: queryStart..<min(s.queryLength, queryStart + queryBlock), keys: block)
      }
    }
  }
}

/// One query head and everything that its blocks of gradients need.
private struct BackwardHead {
  let sequence: Int
  let head: Int
  let keys: Int
  let query: UnsafePointer<Float>
  let queryStride: Int
  let outputGradient: UnsafePointer<Float>
  let outputGradientStride: Int
  let queryRows: TileRight
  let outputRows: TileRight
  let keyRows: TileRight
  let keyPanels: UnsafePointer<Float>
  let valuePanels: UnsafePointer<Float>
  let logSumExp: UnsafePointer<Float>?
  let delta: UnsafePointer<Float>
  let probabilities: UnsafeMutablePointer<Float>
  let scoreGradients: UnsafeMutablePointer<Float>
  let queryGradient: UnsafeMutablePointer<Float>
  let keyGradient: UnsafeMutablePointer<Float>
  let keyGradientStride: Int
  let valueGradient: UnsafeMutablePointer<Float>
  let valueGradientStride: Int
  let biasGradient: UnsafeMutablePointer<Float>?

  /// Adds what one block of queries and one block of keys contribute to dQ, dK and dV.
  func addBlock(_ s: AttentionShape, queries: Range<Int>, keys block: Range<Int>) {
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      scoreRows(s, queries: queries, row: row, keys: block)
    }
    // dQ[i] += dS[i, ·]·K over the keys that the tile's last query sees.
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      let rows = min(tileRows, queries.count - row)
      let i = queries.lowerBound + row
      let end = min(block.upperBound, s.limit(ofQuery: i + rows - 1, keys: keys))
      guard end > block.lowerBound else { continue }
      addProduct(
        TileLeft(elements: scoreGradients + row * keyBlock, rowStride: keyBlock, stepStride: 1),
        steps: end - block.lowerBound, keyRows, columns: s.headSize, from: block.lowerBound, into: queryGradient + i * queryStride,
        stride: queryStride, rows: rows)
    }
    // dV[j] += P[·, j]ᵀ·dO and dK[j] += dS[·, j]ᵀ·Q over the queries that see the tile's first key.
    for column in stride(from: 0, to: block.count, by: tileRows) {
      let columns = min(tileRows, block.count - column)
      let j = block.lowerBound + column
      let first = max(queries.lowerBound, s.firstQuery(seeingKey: j))
      guard first < queries.upperBound else { continue }
      let offset = (first - queries.lowerBound) * keyBlock + column
      addProduct(
        TileLeft(elements: probabilities + offset, rowStride: 1, stepStride: keyBlock),
        steps: queries.upperBound - first, outputRows, columns: s.valueSize, from: first, into: valueGradient + j * valueGradientStride,
        stride: valueGradientStride, rows: columns)
      addProduct(
        TileLeft(elements: scoreGradients + offset, rowStride: 1, stepStride: keyBlock),
        steps: queries.upperBound - first, queryRows, columns: s.headSize, from: first, into: keyGradient + j * keyGradientStride,
        stride: keyGradientStride, rows: columns)
    }
  }

  @inline(__always)
  private func addProduct(
    _ left: TileLeft, steps: Int, _ right: TileRight, columns: Int, from start: Int, into target: UnsafeMutablePointer<Float>,
    stride: Int, rows: Int
  ) {
    let panels = Panels(columns: columns)
    for index in 0..<panels.count {
      multiplyStridedTile(
        vectors: panels.vectors(of: index), steps: steps, left, panel(index, of: right, from: start),
        TileResult(
          elements: target + index * Panels.width, rowStride: stride, rows: rows,
          columns: panels.columns(of: index), accumulates: true))
    }
  }

  /// P and dS of one tile of rows: scores again, probabilities, and their gradients; zeros where a key is not seen.
  private func scoreRows(_ s: AttentionShape, queries: Range<Int>, row: Int, keys block: Range<Int>) {
    let rows = min(tileRows, queries.count - row)
    let i = queries.lowerBound + row
    let end = max(block.lowerBound, min(block.upperBound, s.limit(ofQuery: i + rows - 1, keys: keys)))
    let p = probabilities + row * keyBlock
    let d = scoreGradients + row * keyBlock
    if end > block.lowerBound {
      scoreTile(
        left: query + i * queryStride, leftStride: queryStride, rows: rows, packedRight: keyPanels, size: s.headSize,
        keys: keys, columns: block.lowerBound..<end, scores: p)
      scoreTile(
        left: outputGradient + i * outputGradientStride, leftStride: outputGradientStride, rows: rows,
        packedRight: valuePanels, size: s.valueSize, keys: keys, columns: block.lowerBound..<end, scores: d)
    }
    for r in 0..<rows {
      let visible = max(block.lowerBound, min(end, s.limit(ofQuery: i + r, keys: keys))) - block.lowerBound
      let (line, gradients) = (p + r * keyBlock, d + r * keyBlock)
      let bias = s.bias.map {
        $0 + sequence * s.biasStrides.batch + head * s.biasStrides.head + (i + r) * s.biasStrides.time
          + block.lowerBound
      }
      scaleScores(line, count: visible, by: s.scale, bias: bias)
      let statistic = logSumExp.map { $0[i + r] } ?? 0
      // A row without keys has no sum; its probabilities are zeros.
      let shift = statistic == -.infinity ? Float.infinity : statistic
      let mean = delta[i + r]
      let biasLine = biasGradient.map { $0 + (i + r) * s.keyLength + block.lowerBound }
      forEachVector(in: 0..<visible) { index in
        let probability = exp(line.lanes(at: index) - shift)
        let gradient = probability * (gradients.lanes(at: index) - mean)
        line.store(probability, at: index)
        gradients.store(gradient * s.scale, at: index)
        if let biasLine { biasLine.store(gradient, at: index) }
      } tail: { index, count in
        let probability = exp(line.partialLanes(at: index, count: count) - shift)
        let gradient = probability * (gradients.partialLanes(at: index, count: count) - mean)
        line.storePartial(probability, at: index, count: count)
        gradients.storePartial(gradient * s.scale, at: index, count: count)
        if let biasLine { biasLine.storePartial(gradient, at: index, count: count) }
      }
      (line + visible).update(repeating: 0, count: block.count - visible)
      (gradients + visible).update(repeating: 0, count: block.count - visible)
    }
  }
}

private func clear(_ x: UnsafeMutablePointer<Float>, stride: Int, rows: Int, columns: Int) {
  for row in 0..<rows { (x + row * stride).update(repeating: 0, count: columns) }
}
