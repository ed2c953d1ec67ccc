// Attention, forward and backward, against the twins: sizes around tiles and blocks, layouts, masks, shared KV heads.
// Read first: KernelTests.swift, ApusKernelsReference/ReferenceAttention.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// The layout of heads in memory.
private enum Layout: CaseIterable {
  /// [B, H, T, D]
  case headsFirst
  /// [B, T, H, D]
  case timeFirst
  /// Part of wider rows, as in a packed projection [B, T, 3, H, D].
  case packed

  /// The strides of [B, H, T, D] in this layout, and the elements that it takes.
  func strides(batch: Int, heads: Int, length: Int, size: Int) -> (strides: HeadStrides, count: Int) {
    let row: Int
    switch self {
    case .headsFirst:
      return (HeadStrides(batch: heads * length * size, time: size, head: length * size), batch * heads * length * size)
    case .timeFirst: row = heads * size
    case .packed: row = 3 * heads * size + 1
    }
    return (HeadStrides(batch: length * row, time: row, head: size), batch * length * row)
  }
}

/// A tensor [B, H, T, D] in memory in some layout, with a recognizable value in the gaps.
private struct Laid {
  let strides: HeadStrides
  let elements: [Float]
  private let sizes: [Int]
  private var strideOfAxis: [Int] { [strides.batch, strides.head, strides.time, 1] }

  init(_ dense: [Float], _ layout: Layout, batch: Int, heads: Int, length: Int, size: Int, gaps: Float) {
    let (strides, count) = layout.strides(batch: batch, heads: heads, length: length, size: size)
    var elements = [Float](repeating: gaps, count: count)
    for (index, row) in Self.rows(strides, batch, heads, length).enumerated() {
      elements.replaceSubrange(row..<row + size, with: dense[index * size..<(index + 1) * size])
    }
    (self.strides, self.elements, sizes) = (strides, elements, [batch, heads, length, size])
  }

  private static func rows(_ s: HeadStrides, _ batch: Int, _ heads: Int, _ length: Int) -> [Int] {
    (0..<batch).flatMap { b in
      (0..<heads).flatMap { h in (0..<length).map { b * s.batch + h * s.head + $0 * s.time } }
    }
  }

  /// The tensor [B, H, T, D] from memory that a kernel has written.
  func dense(_ filled: [Float]) -> [Float] { Reference.permute(filled, sizes: sizes, strides: strideOfAxis) }

  /// Whether the gaps are unchanged.
  func gapsAreIntact(_ filled: [Float]) -> Bool {
    var (before, after) = (elements, filled)
    for row in Self.rows(strides, sizes[0], sizes[1], sizes[2]) {
      for d in 0..<sizes[3] { (before[row + d], after[row + d]) = (0, 0) }
    }
    return haveSameBits(before, after)
  }
}

private struct AttentionCase {
  enum Bias: CaseIterable { case none, full, shared, masking }

  var sizes: Reference.AttentionSizes
  var layout = Layout.headsFirst
  var bias = Bias.none
  var wantsBiasGradient = false

  private var what: String {
    """
    B \(sizes.batch), H \(sizes.heads), G \(sizes.keyHeads), T \(sizes.queryLength), S \(sizes.keyLength), \
    D \(sizes.headSize), E \(sizes.valueSize), causal \(sizes.causalOffset.map(String.init) ?? "no"), \
    lengths \(sizes.keyLengths.map { "\($0)" } ?? "no"), \(layout), bias \(bias)
    """
  }

  /// The bias [B, H, T, S], and its stored elements with their strides.
  private func makeBias() -> (dense: [Float]?, stored: [Float], strides: HeadStrides) {
    let (s, area) = (sizes, sizes.queryLength * sizes.keyLength)
    let full = HeadStrides(batch: s.heads * area, time: s.keyLength, head: area)
    switch bias {
    case .none: return (nil, [], full)
    case .full:
      let numbers = Reference.numbers(s.batch * s.heads * area, seed: 5)
      return (numbers, numbers, full)
    case .shared:
      let numbers = Reference.numbers(area, seed: 5)
      let repeated = (0..<s.batch * s.heads).flatMap { _ in numbers }
      return (repeated, numbers, HeadStrides(batch: 0, time: s.keyLength, head: 0))
    case .masking:
      // Hides two of three keys, and all keys from every fifth query.
      var numbers = Reference.numbers(s.batch * s.heads * area, seed: 5)
      for i in numbers.indices where i % s.keyLength % 3 != 1 || i / s.keyLength % 5 == 4 { numbers[i] = -.infinity }
      return (numbers, numbers, full)
    }
  }

  func check(_ kernels: AnyKernelSet, sourceLocation: SourceLocation = #_sourceLocation) {
    let s = sizes
    let scale = 1 / Float(max(1, s.headSize)).squareRoot()
    let (queryRows, keyRows) = (s.batch * s.heads * s.queryLength, s.batch * s.keyHeads * s.keyLength)
    let query = Reference.numbers(queryRows * s.headSize, seed: 1)
    let key = Reference.numbers(keyRows * s.headSize, seed: 2)
    let value = Reference.numbers(keyRows * s.valueSize, seed: 3)
    let outputGradient = Reference.numbers(queryRows * s.valueSize, seed: 4)
    let (denseBias, storedBias, biasStrides) = makeBias()

    let (q, k, v) = ([Double](query), [Double](key), [Double](value))
    let expected = Reference.attention(
      query: q, key: k, value: v, bias: denseBias.map { [Double]($0) }, scale: Double(scale), s)
    let gradients = Reference.attentionBackward(
      query: q, key: k, value: v, probabilities: expected.probabilities, outputGradient: [Double](outputGradient),
      scale: Double(scale), s)

    func laid(_ dense: [Float], heads: Int, length: Int, size: Int, gaps: Float = .nan) -> Laid {
      Laid(dense, layout, batch: s.batch, heads: heads, length: length, size: size, gaps: gaps)
    }
    let queries = laid(query, heads: s.heads, length: s.queryLength, size: s.headSize)
    let keys = laid(key, heads: s.keyHeads, length: s.keyLength, size: s.headSize)
    let values = laid(value, heads: s.keyHeads, length: s.keyLength, size: s.valueSize)
    let outputGradients = laid(outputGradient, heads: s.heads, length: s.queryLength, size: s.valueSize)
    // Outputs start as NaN: a kernel must write all of them, and nothing in the gaps.
    func unwritten(heads: Int, length: Int, size: Int) -> Laid {
      let dense = [Float](repeating: .nan, count: s.batch * heads * length * size)
      return laid(dense, heads: heads, length: length, size: size, gaps: 77)
    }
    let emptyOutput = unwritten(heads: s.heads, length: s.queryLength, size: s.valueSize)
    let emptyQuery = unwritten(heads: s.heads, length: s.queryLength, size: s.headSize)
    let emptyKey = unwritten(heads: s.keyHeads, length: s.keyLength, size: s.headSize)
    let emptyValue = unwritten(heads: s.keyHeads, length: s.keyLength, size: s.valueSize)
    let emptyBias = [Float](repeating: .nan, count: wantsBiasGradient ? queryRows * s.keyLength : 0)

    let inputs = [queries.elements, keys.elements, values.elements, outputGradients.elements, storedBias]
      .map { Guarded($0) }
    let lengths = s.keyLengths ?? []
    let outputs = lengths.withUnsafeBufferPointer { lengths in
      withExtendedLifetime(inputs) {
        var shape = AttentionShape(
          batch: s.batch, heads: s.heads, keyHeads: s.keyHeads, queryLength: s.queryLength, keyLength: s.keyLength,
          headSize: s.headSize, valueSize: s.valueSize, scale: scale)
        shape.causalOffset = s.causalOffset
        shape.keyLengths = s.keyLengths == nil ? nil : lengths.baseAddress
        shape.bias = bias == .none ? nil : UnsafePointer(inputs[4].pointer)
        shape.biasStrides = biasStrides
        return results(
          into: [
            emptyOutput.elements, [Float](repeating: .nan, count: queryRows), emptyQuery.elements, emptyKey.elements,
            emptyValue.elements, emptyBias,
          ], what, sourceLocation: sourceLocation
        ) { outputs, schedule in
          let forward = AttentionForwardArguments(
            shape: shape, query: inputs[0].pointer, queryStrides: queries.strides, key: inputs[1].pointer,
            keyStrides: keys.strides, value: inputs[2].pointer, valueStrides: values.strides, output: outputs[0],
            outputStrides: emptyOutput.strides, logSumExp: outputs[1])
          kernels.attentionForward(forward, schedule)
          kernels.attentionBackward(
            AttentionBackwardArguments(
              forward: forward, outputGradient: inputs[3].pointer, outputGradientStrides: outputGradients.strides,
              queryGradient: outputs[2], keyGradient: outputs[3], valueGradient: outputs[4],
              biasGradient: wantsBiasGradient ? outputs[5] : nil),
            schedule)
        }
      }
    }

    let name = "\(kernels.name) \(what)"
    for (laid, output) in [(emptyOutput, 0), (emptyQuery, 2), (emptyKey, 3), (emptyValue, 4)]
    where !laid.gapsAreIntact(outputs[output]) {
      Issue.record("\(name): wrote between rows, output \(output)", sourceLocation: sourceLocation)
    }
    // Scores are scaled sums of D products. The relative error of a probability is twice that of a score, plus a few
    // roundings. The output is a mean of values below 1 with these weights.
    let score = roundoff * (Double(scale) * Double(s.headSize + 2) + 4)
    let weight = 2 * score + roundoff * 8
    expectClose(
      outputs[1], expected.logSumExp, absolute: score + 8 * roundoff, "\(name): log Σ exp",
      sourceLocation: sourceLocation)
    expectClose(
      emptyOutput.dense(outputs[0]), expected.output, absolute: weight, "\(name): output",
      sourceLocation: sourceLocation)

    // dP is a sum of E products. dS = P ∘ (dP − δ), with dP of the order of √E/3 · 2.
    let slope = roundoff * Double(2 * s.valueSize + 4) + weight * (Double(s.valueSize).squareRoot() + 1)
    let sums = probabilitySums(expected.probabilities)
    expectClose(
      emptyQuery.dense(outputs[2]), gradients.query, absolute: Double(scale) * slope, "\(name): dQ",
      sourceLocation: sourceLocation)
    expectClose(
      emptyKey.dense(outputs[3]), gradients.key, relative: Double(scale) * slope, absolute: 0x1p-126,
      magnitudes: sums.flatMap { [Double](repeating: $0, count: s.headSize) }, "\(name): dK",
      sourceLocation: sourceLocation)
    expectClose(
      emptyValue.dense(outputs[4]), gradients.value, relative: weight, absolute: 0x1p-126,
      magnitudes: sums.flatMap { [Double](repeating: $0, count: s.valueSize) }, "\(name): dV",
      sourceLocation: sourceLocation)
    if wantsBiasGradient {
      expectClose(
        outputs[5], gradients.bias, relative: slope, absolute: 0x1p-126, magnitudes: expected.probabilities,
        "\(name): dbias", sourceLocation: sourceLocation)
    }
  }

  /// For every key, the sum of its probabilities over all queries, [B, G, S]: the gradients of keys and values are sums with
  /// these weights.
  private func probabilitySums(_ probabilities: [Double]) -> [Double] {
    let s = sizes
    let group = s.heads / s.keyHeads * s.queryLength
    // [B · G, queries of the group, S] summed over the middle axis: query heads of a group are neighbors.
    return Reference.reduce(
      .sum, probabilities, outer: s.batch * s.keyHeads, count: group, inner: s.keyLength)
  }
}

extension KernelTests {
  @Suite struct AttentionTests {
    /// Lengths around tiles and blocks, with masks, biases, layouts and numbers of heads in turn.
    @Test(arguments: InstructionSet.supported)
    func sizesAroundBlocks(_ set: InstructionSet) {
      let kernels = set.kernels
      let (lanes, tile) = (kernels.laneCount, kernels.tile)
      let sizes = [(1, 1), (lanes, lanes), (lanes + 1, lanes - 1), (4, 3 * lanes), (tile.columns + 1, 5), (32, 64)]
      let queryLengths = [1, 2, 3, 4, 5, tile.rows, tile.rows + 1, 63, 64, 65, 130]
      let keyLengths = [
        1, 2, 3, lanes, lanes + 1, tile.columns - 1, tile.columns, tile.columns + 1, 191, 192, 193, 401,
      ]
      var index = 0
      for queryLength in queryLengths {
        for keyLength in keyLengths {
          let (headSize, valueSize) = sizes[index % sizes.count]
          var s = Reference.AttentionSizes(
            queryLength: queryLength, keyLength: keyLength, headSize: headSize, valueSize: valueSize)
          // Several heads and sequences only at small sizes.
          if queryLength * keyLength < 5_000 {
            s.batch = 1 + index % 2
            (s.heads, s.keyHeads) = [(1, 1), (4, 2), (3, 1), (2, 2), (6, 3)][index % 5]
          }
          s.causalOffset = [nil, 0, keyLength - queryLength, nil, -3, 5, nil][index % 7]
          if index % 4 == 3 { s.keyLengths = (0..<s.batch).map { Int32((keyLength + 2 * $0 + 1) / 2) } }
          var attention = AttentionCase(sizes: s, layout: Layout.allCases[index % 3])
          attention.bias = [.none, .none, .full, .shared, .masking][index % 5]
          attention.wantsBiasGradient = index % 3 != 0
          attention.check(kernels)
          index += 1
        }
      }
    }

    /// Every mask with every bias, for several blocks.
    @Test(arguments: InstructionSet.supported)
    func masks(_ set: InstructionSet) {
      for (queryLength, keyLength) in isEmulated ? [(70, 80)] : [(3, 210), (70, 200), (200, 70)] {
        for causalOffset in [nil, 0, keyLength - queryLength, -10, 190] {
          for keyLengths in [nil, [0, 1], [70, 33], [193, 500]] as [[Int32]?] {
            for bias in AttentionCase.Bias.allCases {
              var s = Reference.AttentionSizes(
                queryLength: queryLength, keyLength: keyLength, headSize: 5, valueSize: 6)
              (s.batch, s.causalOffset, s.keyLengths) = (2, causalOffset, keyLengths)
              AttentionCase(sizes: s, layout: .timeFirst, bias: bias, wantsBiasGradient: bias != .none)
                .check(set.kernels)
            }
          }
        }
      }
    }

    /// Many keys and few tiles of queries, so that the keys are split: sizes around the chunks, and chunks that no query sees.
    @Test(arguments: InstructionSet.supported)
    func keysInChunks(_ set: InstructionSet) {
      let sizes = [(1, 511), (1, 512), (1, 513), (2, 1_500), (3, 1_025), (5, 769), (9, 1_537), (65, 1_600)]
      for (index, (queryLength, keyLength)) in sizes.enumerated() {
        for (variant, causalOffset) in [nil, keyLength - queryLength, 600].enumerated() {
          var s = Reference.AttentionSizes(queryLength: queryLength, keyLength: keyLength, headSize: 17, valueSize: 9)
          s.causalOffset = causalOffset
          // Where query heads share KV heads, chunks are shorter.
          if queryLength < 65 {
            (s.heads, s.keyHeads) = [(1, 1), (4, 2), (3, 1)][(index + variant) % 3]
            s.batch = 1 + variant % 2
          }
          if variant == 1 { s.keyLengths = [700, 0].prefix(s.batch).map { $0 } }
          var attention = AttentionCase(sizes: s, layout: Layout.allCases[variant])
          attention.bias = [.none, .masking, .full][(index + variant) % 3]
          attention.check(set.kernels)
        }
      }
    }

    /// A query that sees no key gives zeros, log Σ exp = −∞ and no gradients.
    @Test(arguments: InstructionSet.supported)
    func nothingToSee(_ set: InstructionSet) {
      for queryLength in [1, 3, 9] {
        var s = Reference.AttentionSizes(queryLength: queryLength, keyLength: 0, headSize: 4, valueSize: 3)
        (s.batch, s.heads, s.keyHeads) = (2, 2, 1)
        AttentionCase(sizes: s, wantsBiasGradient: true).check(set.kernels)
        s.keyLength = 20
        s.keyLengths = [0, 0]
        AttentionCase(sizes: s, wantsBiasGradient: true).check(set.kernels)
        s.keyLengths = nil
        s.causalOffset = -queryLength
        AttentionCase(sizes: s, layout: .packed, wantsBiasGradient: true).check(set.kernels)
        s.queryLength = 0
        AttentionCase(sizes: s).check(set.kernels)
      }
      #expect(
        Reference.attention(
          query: [1.0], key: [], value: [], scale: 1, .init(queryLength: 1, keyLength: 0, headSize: 1, valueSize: 1)
        ).logSumExp == [-.infinity])
    }

    @Test(arguments: InstructionSet.supported)
    func headSizesAroundVectors(_ set: InstructionSet) {
      let (lanes, columns) = (set.kernels.laneCount, set.kernels.tile.columns)
      for headSize in [1, 2, lanes - 1, lanes, lanes + 1, columns - 1, columns, columns + 1, 64, 80] {
        for (valueSize, queryLength) in [(headSize, 2), (headSize, 17), (3, 17)] {
          for layout in Layout.allCases {
            var s = Reference.AttentionSizes(
              queryLength: queryLength, keyLength: 21, headSize: headSize, valueSize: valueSize)
            (s.batch, s.heads, s.keyHeads, s.causalOffset) = (2, 4, 2, 4)
            AttentionCase(sizes: s, layout: layout).check(set.kernels)
          }
        }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func long(_ set: InstructionSet) {
      let (queries, keys) = isEmulated ? (70, 140) : (300, 500)
      var s = Reference.AttentionSizes(queryLength: queries, keyLength: keys, headSize: 64, valueSize: 64)
      (s.heads, s.keyHeads, s.causalOffset) = (2, 1, keys - queries)
      AttentionCase(sizes: s, layout: .packed, bias: .full, wantsBiasGradient: true).check(set.kernels)
    }

    /// Scores whose exponentials would overflow, and a row whose largest score is in the last block.
    @Test(arguments: InstructionSet.supported)
    func largeScores(_ set: InstructionSet) {
      for queryLength in [1, 8] {
        let keyLength = 450
        // With a single dimension, score j is j · 10, so all weight is on the last key.
        let query = Guarded([Float](repeating: 10, count: queryLength))
        let key = Guarded((0..<keyLength).map { Float($0) })
        let value = Guarded((0..<keyLength).map { Float($0) })
        let strides = HeadStrides(batch: 0, time: 1, head: 0)
        let outputs = results(
          into: [[Float](repeating: .nan, count: queryLength), [Float](repeating: .nan, count: queryLength)], "large"
        ) { outputs, schedule in
          let shape = AttentionShape(
            batch: 1, heads: 1, keyHeads: 1, queryLength: queryLength, keyLength: keyLength, headSize: 1, valueSize: 1,
            scale: 1)
          withExtendedLifetime((query, key, value)) {
            set.kernels.attentionForward(
              AttentionForwardArguments(
                shape: shape, query: query.pointer, queryStrides: strides, key: key.pointer, keyStrides: strides,
                value: value.pointer, valueStrides: strides, output: outputs[0], outputStrides: strides,
                logSumExp: outputs[1]),
              schedule)
          }
        }
        // The share e^−10 of the weight is on the key before it.
        expectClose(
          outputs[0], [Double](repeating: 449 - 4.5397868702e-5, count: queryLength), relative: 4 * roundoff, "output")
        expectClose(
          outputs[1], [Double](repeating: 4_490 + 4.5398899217e-5, count: queryLength), relative: 4 * roundoff, "sum")
      }
    }
  }
}
