// Caches and memories of attention layers beside the whole attention. Read first: LayerTests.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

@Suite struct CacheTests {
  private func expectClose(_ actual: Tensor, _ expected: Tensor, _ what: String) {
    let comparison = Comparison(actual, expected, absolute: 1e-6, relativeToLargest: 1e-6)
    #expect(comparison.isClose, "\(what): \(comparison)")
  }

  @Test(arguments: [false, true])
  func decoderLayerWithACacheIsTheLayerOnEverything(isPreNorm: Bool) {
    let layer = withSeed(1) {
      TransformerBlock(width: 8, heads: 2, activation: .relu, isPreNorm: isPreNorm, hasCrossAttention: true)
    }
    let (x, source) = (Samples.normal([2, 7, 8]), Samples.normal([2, 5, 8], seed: 2))
    let mask = AttentionMask(keyLengths: [5, 2])
    let memory = layer.memory(of: source, mask: mask)
    let expected = layer(x, mask: .causal, memory: memory)
    for chunks in [[7], [1, 1, 1, 1, 1, 1, 1], [4, 1, 2]] {
      let cache = KeyValueCache(batch: 2, capacity: 9, width: 8)
      let parts = chunks.map { layer(x.slice(cache.count..<cache.count + $0, along: 1), cache: cache, memory: memory) }
      expectClose(concatenated(parts, along: 1), expected, "\(chunks)")
    }
  }

  @Test func groupedHeadsWithAScaleAndABias() {
    let (q, k, v) = (
      Samples.normal([2, 6, 12]), Samples.normal([2, 6, 6], seed: 2), Samples.normal([2, 6, 6], seed: 3)
    )
    let bias = Samples.normal([4, 6, 6], seed: 4)
    let expected = attention(
      query: q, key: k, value: v, heads: 4, keyHeads: 2, mask: .init(causalOffset: 0, bias: bias), scale: 0.3)
    for chunks in [[6], [1, 1, 1, 1, 1, 1], [2, 4]] {
      let cache = KeyValueCache(batch: 2, capacity: 6, width: 6)
      for chunk in chunks {
        let range = cache.count..<cache.count + chunk
        let part = cache.attend(
          query: q.slice(range, along: 1), key: k.slice(range, along: 1), value: v.slice(range, along: 1), heads: 4,
          keyValueHeads: 2, bias: bias.slice(range, along: 1).slice(0..<range.upperBound, along: 2), scale: 0.3)
        expectClose(part, expected.slice(range, along: 1), "\(chunks), \(range)")
      }
    }
  }

  /// Fused and separate projections, a scale, grouped heads, rotations: with a cache the layer is the layer on everything, and an
  /// observer sees the same weights.
  @Test func everyAttentionWithACacheIsTheAttentionOnEverything() {
    let rotary = RotaryPositions(headSize: 4)
    let layers = withSeed(1) {
      [
        ("fused", MultiheadAttention(8, heads: 2)), ("fused, scaled", MultiheadAttention(8, heads: 2, scale: 0.1)),
        ("separate, scaled", MultiheadAttention(8, heads: 2, scale: 0.1, keySize: 8)),
        ("grouped", MultiheadAttention(16, heads: 4, keyValueHeads: 2, scale: 0.7)),
        ("one key–value head", MultiheadAttention(16, heads: 4, keyValueHeads: 1, bias: false)),
      ]
    }
    for (name, layer) in layers {
      for isRotated in [false, true] {
        let x = Samples.normal([2, 6, layer.width])
        func angles(_ range: Range<Int>) -> RotaryAngles? { isRotated ? rotary.angles(range) : nil }
        var expected: [Tensor] = []
        let whole = layer(x, mask: .causal, rotary: angles(0..<6)) { expected.append($0) }
        expectClose(layer(x, mask: .causal, rotary: angles(0..<6)), whole, name)
        #expect(expected[0].shape == [2, layer.heads, 6, 6])
        let cache = KeyValueCache(batch: 2, capacity: 6, width: layer.keyValueHeads * layer.headSize)
        for range in [0..<3, 3..<4, 4..<6] {
          var found: [Tensor] = []
          let part = layer(x.slice(range, along: 1), to: .cache(cache), rotary: angles(range)) { found.append($0) }
          expectClose(part, whole.slice(range, along: 1), "\(name), \(range)")
          let rows = expected[0].slice(range, along: 2).slice(0..<range.upperBound, along: 3)
          expectClose(found[0], rows, "weights, \(name), \(range)")
        }
      }
    }
  }

  /// Memory is taken as positions come: a capacity that no memory holds costs nothing.
  @Test func memoryGrowsWithThePositions() {
    let attention = withSeed(1) { MultiheadAttention(4, heads: 2) }
    let x = Samples.normal([2, 1_100, 4], seed: 5)
    let expected = attention(x, mask: .causal)
    for chunks in [[1_100], [511, 1, 1, 500, 87], [600, 424, 76]] {
      let cache = KeyValueCache(batch: 2, capacity: 1 << 40, width: 4)
      let parts = chunks.map { attention(x.slice(cache.count..<cache.count + $0, along: 1), to: .cache(cache)) }
      expectClose(concatenated(parts, along: 1), expected, "\(chunks)")
      #expect(cache.capacity == 1 << 40)
    }
    // Rows that were copied and moved have what they had before.
    let cache = KeyValueCache(batch: 2, capacity: 1 << 40, width: 4)
    _ = attention(x.slice(0..<1_099, along: 1), to: .cache(cache))
    let twice = cache.repeated(2)
    twice.move([.init(from: 0, to: 3, positions: 0..<1_099)])
    let last = x.slice(1_099..<1_100, along: 1)
    let (first, second) = (last.slice(0..<1), last.slice(1..<2))
    let found = attention(concatenated([first, first, second, first], along: 0), to: .cache(twice))
    let (a, b) = (
      expected.slice(1_099..<1_100, along: 1).slice(0..<1), expected.slice(1_099..<1_100, along: 1).slice(1..<2)
    )
    expectClose(found, concatenated([a, a, b, a], along: 0), "repeated and moved")
  }

  /// Moves happen all at once: rows may trade places, and a part of a row may stay.
  @Test func movedRowsTradePlaces() {
    let attention = withSeed(1) { MultiheadAttention(4, heads: 2) }
    let past = Samples.normal([3, 4, 4], seed: 5)
    let next = Samples.normal([3, 1, 4], seed: 6)
    let cache = KeyValueCache(batch: 3, capacity: 5, width: 4)
    _ = attention(past, to: .cache(cache))
    cache.move([
      .init(from: 1, to: 0, positions: 0..<4), .init(from: 0, to: 1, positions: 0..<4),
      .init(from: 0, to: 2, positions: 2..<4),
    ])
    let rows = (0..<3).map { past.slice($0..<$0 + 1) }
    let mixed = concatenated([rows[2].slice(0..<2, along: 1), rows[0].slice(2..<4, along: 1)], along: 1)
    let texts = concatenated([concatenated([rows[1], rows[0], mixed], along: 0), next], along: 1)
    expectClose(attention(next, to: .cache(cache)), attention(texts, mask: .causal).slice(4..<5, along: 1), "moved")
  }

  @Test func severalRowsReadOneMemory() {
    let attention = withSeed(1) { MultiheadAttention(4, heads: 2) }
    let (x, source) = (Samples.normal([6, 2, 4]), Samples.normal([2, 5, 4], seed: 2))
    let mask = AttentionMask(keyLengths: [3, 5])
    let found = attention(x, to: .memory(attention.memory(of: source, mask: mask)))
    for row in 0..<6 {
      let one = source.slice(row / 3..<row / 3 + 1)
      let lengths = AttentionMask(keyLengths: IndexTensor([[3, 5][row / 3]]))
      let expected = attention(query: x.slice(row..<row + 1), key: one, value: one, mask: lengths)
      expectClose(found.slice(row..<row + 1), expected, "row \(row)")
    }
  }

  @Test func whatDoesNotFitStops() async {
    await #expect(processExitsWith: .failure) {
      let cache = KeyValueCache(batch: 2, capacity: 2, width: 4)
      cache.move([.init(from: 0, to: 1, positions: 0..<1)])
    }
    await #expect(processExitsWith: .failure) {
      let cache = KeyValueCache(batch: 1, capacity: 2, width: 4)
      _ = cache.attend(query: .zeros([1, 1, 4]), key: .zeros([1, 1, 2]), value: .zeros([1, 1, 2]), heads: 2)
    }
    await #expect(processExitsWith: .failure) {
      let cache = KeyValueCache(batch: 1, capacity: 2, width: 4)
      _ = MultiheadAttention(4, heads: 2)(.zeros([1, 1, 4]), to: .cache(cache), mask: .init(keyLengths: [1]))
    }
    await #expect(processExitsWith: .failure) {
      _ = TransformerBlock(width: 4, heads: 2, hasCrossAttention: true)(.zeros([1, 1, 4]))
    }
    await #expect(processExitsWith: .failure) {
      _ = MultiheadAttention(
        query: Linear(4, 4), key: Linear(4, 4), value: Linear(4, 2), output: Linear(4, 4), heads: 2)
    }
    await #expect(processExitsWith: .failure) {
      _ = AttentionMemory(keys: .zeros([2, 3, 4]), values: .zeros([2, 3, 4])).attend(.zeros([3, 1, 4]), heads: 2)
    }
  }
}
