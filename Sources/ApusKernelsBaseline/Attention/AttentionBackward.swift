// The gradients of attention, in the same blocks as the forward. The probabilities are recomputed from the row statistics that
// the forward kept, P = exp(S − logSumExp), so that no T×T matrix is stored.
// Read first: AttentionForward.swift, ApusKernelsReference/ReferenceAttention.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// dV = Pᵀ·dO; dP = dO·Vᵀ; dS = P ∘ (dP − δ) with δ = Σ dO ∘ O; dQ = scale · dS·K; dK = scale · dSᵀ·Q; dbias = dS.
  ///
  /// A tile is one KV head of one sequence: its dK and dV are sums over all queries of its query heads, added in order.
  package static func attentionBackward(_ p: AttentionBackwardArguments, _ schedule: Schedule) {
    let s = p.forward.shape
    guard s.batch > 0, s.keyHeads > 0 else { return }
    let perWorker = BackwardHead.scratchCount(s)
    let scratch = ScratchBuffer(count: perWorker * schedule.workers)
    defer { scratch.free() }
    let memory = scratch.pointer
    schedule.run(s.batch * s.keyHeads) { tile, worker in
      backward(p, sequence: tile / s.keyHeads, keyHead: tile % s.keyHeads, memory: memory + worker * perWorker)
    }
  }
}

/// The gradients for one KV head of one sequence and the query heads that share it.
private func backward(
  _ p: AttentionBackwardArguments, sequence b: Int, keyHead: Int, memory: UnsafeMutablePointer<Float>
) {
  let f = p.forward
  let s = f.shape
  let keys = s.keys(inSequence: b)
  let keyOffset = b * f.keyStrides.batch + keyHead * f.keyStrides.head
  let valueOffset = b * f.valueStrides.batch + keyHead * f.valueStrides.head
  var head = BackwardHead(s, memory, sequence: b, keys: keys)
  collectRows(f.key + keyOffset, stride: f.keyStrides.time, rows: keys, size: s.headSize, into: head.key)
  packTransposed(
    head.key, stride: paddedSize(s.headSize), count: keys, size: s.headSize, into: head.keyPanels)
  packTransposed(
    f.value + valueOffset, stride: f.valueStrides.time, count: keys, size: s.valueSize, into: head.valuePanels)
  head.keyGradient.update(repeating: 0, count: s.keyLength * paddedSize(s.headSize))
  head.valueGradient.update(repeating: 0, count: s.keyLength * paddedSize(s.valueSize))

  let group = s.heads / s.keyHeads
  for h in keyHead * group..<(keyHead + 1) * group {
    head.head = h
    let row = (b * s.heads + h) * s.queryLength
    head.logSumExp = f.logSumExp.map { UnsafePointer($0) + row }
    head.biasGradient = p.biasGradient.map { $0 + row * s.keyLength }
    // The gradient is 0 for keys that a query does not see.
    head.biasGradient?.update(repeating: 0, count: s.queryLength * s.keyLength)
    let queryOffset = b * f.queryStrides.batch + h * f.queryStrides.head
    collectRows(
      f.query + queryOffset, stride: f.queryStrides.time, rows: s.queryLength, size: s.headSize, scale: s.scale,
      into: head.query)
    let gradient = p.outputGradient + b * p.outputGradientStrides.batch + h * p.outputGradientStrides.head
    collectRows(
      gradient, stride: p.outputGradientStrides.time, rows: s.queryLength, size: s.valueSize,
      into: head.outputGradient)
    let output = UnsafePointer(f.output + b * f.outputStrides.batch + h * f.outputStrides.head)
    for i in 0..<s.queryLength {
      head.delta[i] = dotProduct(
        output + i * f.outputStrides.time, head.outputGradient + i * paddedSize(s.valueSize), count: s.valueSize)
    }
    head.queryGradient.update(repeating: 0, count: s.queryLength * paddedSize(s.headSize))
    for start in stride(from: 0, to: keys, by: keyBlock) {
      let block = start..<min(keys, start + keyBlock)
      let firstQuery = s.firstQuery(seeingKey: start) / queryBlock * queryBlock
      for queryStart in stride(from: firstQuery, to: s.queryLength, by: queryBlock) {
        head.addBlock(queries: queryStart..<min(s.queryLength, queryStart + queryBlock), keys: block)
      }
    }
    spreadRows(
      head.queryGradient, rows: s.queryLength, size: s.headSize, scale: s.scale, to: p.queryGradient + queryOffset,
      stride: f.queryStrides.time)
  }
  // Q was scaled when it was collected, so dK = dSᵀ·(scale · Q) needs no further scale.
  spreadRows(
    head.keyGradient, rows: s.keyLength, size: s.headSize, to: p.keyGradient + keyOffset, stride: f.keyStrides.time)
  spreadRows(
    head.valueGradient, rows: s.keyLength, size: s.valueSize, to: p.valueGradient + valueOffset,
    stride: f.valueStrides.time)
}

/// One head in scratch memory: its collected rows, its gradients before they are written back, and one block of scores.
private struct BackwardHead {
  let shape: AttentionShape
  let sequence: Int
  let keys: Int
  let key: UnsafeMutablePointer<Float>
  let query: UnsafeMutablePointer<Float>
  let outputGradient: UnsafeMutablePointer<Float>
  let keyGradient: UnsafeMutablePointer<Float>
  let valueGradient: UnsafeMutablePointer<Float>
  let queryGradient: UnsafeMutablePointer<Float>
  let keyPanels: UnsafeMutablePointer<Float>
  let valuePanels: UnsafeMutablePointer<Float>
  let probabilities: UnsafeMutablePointer<Float>
  let scoreGradients: UnsafeMutablePointer<Float>
  let delta: UnsafeMutablePointer<Float>
  var head = 0
  var logSumExp: UnsafePointer<Float>?
  var biasGradient: UnsafeMutablePointer<Float>?

  /// The floats of scratch memory that a head takes.
  static func scratchCount(_ s: AttentionShape) -> Int {
    let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
    let panels = Panels(columns: s.keyLength).paddedColumns
    return s.keyLength * (2 * headColumns + valueColumns) + s.queryLength * (2 * headColumns + valueColumns + 1)
      + panels * (s.headSize + s.valueSize) + 2 * queryBlock * keyBlock
  }

  init(_ s: AttentionShape, _ memory: UnsafeMutablePointer<Float>, sequence: Int, keys: Int) {
    (shape, self.sequence, self.keys) = (s, sequence, keys)
    let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
    let panels = Panels(columns: s.keyLength).paddedColumns
    var next = memory
    func take(_ count: Int) -> UnsafeMutablePointer<Float> {
      let part = next
      next += count
      return part
    }
    // Arrays of full vectors come first, so that all of them are aligned.
    probabilities = take(queryBlock * keyBlock)
    scoreGradients = take(queryBlock * keyBlock)
    keyPanels = take(panels * s.headSize)
    valuePanels = take(panels * s.valueSize)
    key = take(s.keyLength * headColumns)
    keyGradient = take(s.keyLength * headColumns)
    valueGradient = take(s.keyLength * valueColumns)
    query = take(s.queryLength * headColumns)
    queryGradient = take(s.queryLength * headColumns)
    outputGradient = take(s.queryLength * valueColumns)
    delta = take(s.queryLength)
  }

  /// Adds what one block of queries and one block of keys contribute to dQ, dK and dV.
  func addBlock(queries: Range<Int>, keys block: Range<Int>) {
    let s = shape
    let (headColumns, valueColumns) = (paddedSize(s.headSize), paddedSize(s.valueSize))
    for row in stride(from: 0, to: queries.count, by: tileRows) { scoreRows(queries: queries, row: row, keys: block) }
    // dQ[i] += dS[i, ·]·K over the keys that the tile's last query sees.
    for row in stride(from: 0, to: queries.count, by: tileRows) {
      let rows = min(tileRows, queries.count - row)
      let i = queries.lowerBound + row
      let end = min(block.upperBound, s.limit(ofQuery: i + rows - 1, keys: keys))
      guard end > block.lowerBound else { continue }
      rowProduct(
        tileLeft(scoreGradients + row * keyBlock, rowStride: keyBlock, stepStride: 1),
        steps: end - block.lowerBound, key + block.lowerBound * headColumns, size: s.headSize,
        into: queryGradient + i * headColumns, rows: rows, accumulates: true)
    }
    // dV[j] += P[·, j]ᵀ·dO and dK[j] += dS[·, j]ᵀ·Q over the queries that see the tile's first key.
    for column in stride(from: 0, to: block.count, by: tileRows) {
      let columns = min(tileRows, block.count - column)
      let j = block.lowerBound + column
      let first = max(queries.lowerBound, s.firstQuery(seeingKey: j))
      guard first < queries.upperBound else { continue }
      let offset = (first - queries.lowerBound) * keyBlock + column
      let steps = queries.upperBound - first
      rowProduct(
        tileLeft(probabilities + offset, rowStride: 1, stepStride: keyBlock), steps: steps,
        outputGradient + first * valueColumns, size: s.valueSize, into: valueGradient + j * valueColumns,
        rows: columns, accumulates: true)
      rowProduct(
        tileLeft(scoreGradients + offset, rowStride: 1, stepStride: keyBlock), steps: steps,
        query + first * headColumns, size: s.headSize, into: keyGradient + j * headColumns, rows: columns,
        accumulates: true)
    }
  }

  /// Recomputes P for one tile of rows and computes dS; zeros where a key is not seen.
  private func scoreRows(queries: Range<Int>, row: Int, keys block: Range<Int>) {
    let s = shape
    let rows = min(tileRows, queries.count - row)
    let i = queries.lowerBound + row
    let end = max(block.lowerBound, min(block.upperBound, s.limit(ofQuery: i + rows - 1, keys: keys)))
    let p = probabilities + row * keyBlock
    let d = scoreGradients + row * keyBlock
    if end > block.lowerBound {
      scoreTile(
        left: query + i * paddedSize(s.headSize), rows: rows, packedRight: keyPanels, size: s.headSize, keys: keys,
        columns: block.lowerBound..<end, scores: p, rowStride: keyBlock)
      scoreTile(
        left: outputGradient + i * paddedSize(s.valueSize), rows: rows, packedRight: valuePanels, size: s.valueSize,
        keys: keys, columns: block.lowerBound..<end, scores: d, rowStride: keyBlock)
    }
    for r in 0..<rows {
      let visible = max(block.lowerBound, min(end, s.limit(ofQuery: i + r, keys: keys))) - block.lowerBound
      let (line, gradients) = (p + r * keyBlock, d + r * keyBlock)
      addBias(s.biasRow(sequence, head, i + r, from: block.lowerBound), to: line, count: visible)
      let seen = hideEnd(of: line, visible: visible)
      let statistic = logSumExp.map { $0[i + r] } ?? 0
      // A query that sees no key has the statistic −∞; its probabilities are zeros.
      let shift = Lanes(repeating: statistic == -.infinity ? .infinity : statistic)
      let mean = Lanes(repeating: delta[i + r])
      var index = 0
      while index < seen {
        let probability = exponential(line.lanes(at: index) - shift)
        let gradient = probability * (gradients.lanes(at: index) - mean)
        line.store(probability, at: index)
        gradients.store(gradient, at: index)
        index += laneCount
      }
      if let biasGradient {
        (biasGradient + (i + r) * s.keyLength + block.lowerBound).update(from: gradients, count: visible)
      }
      // Lines are full vectors up to the end of the block.
      while index < block.count {
        line.store(.zero, at: index)
        gradients.store(.zero, at: index)
        index += laneCount
      }
    }
  }
}

/// Σ x·y, where y is padded to full vectors.
@inline(__always)
private func dotProduct(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Float {
  var sum = Lanes.zero
  var index = 0
  while index + laneCount <= count {
    sum = multiplyAdd(x.lanes(at: index), y.lanes(at: index), sum)
    index += laneCount
  }
  if index < count { sum = multiplyAdd(x.partialLanes(at: index, count: count - index), y.lanes(at: index), sum) }
  return horizontalSum(sum)
}
