// Observers of every published model: attention weights are distributions, and looking changes nothing.
// Read first: ModelFixture.swift, ApusNN/Layers/ForwardObserver.swift.

import Apus
import ApusFiles
import ApusGeneration
import ApusLanguage
import ApusMultimodal
import ApusNN
import ApusPublished
import ApusTensor
import ApusTesting
import ApusVision
import Foundation
import Testing

@Suite struct ObserverTests {
  private static let fixtures = ModelFixture.all + [ModelFixture(name: "torch/transformer")]

  private func expectDistributions(_ weights: Tensor, _ shape: Shape, mayBeEmpty: Bool = false, _ what: String) {
    #expect(weights.shape == shape, "\(what)")
    #expect(weights.scalars.allSatisfy { $0 >= 0 && $0 <= 1.00001 }, "\(what)")
    // A query that sees no key at all, as padding in front of a causal text, has no weights.
    let sums = weights.sum(along: -1).scalars
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-5 || (mayBeEmpty && $0 == 0) }, "\(what)")
  }

  @Test(arguments: fixtures) func attentionWeightsAreAnOutput(_ fixture: ModelFixture) throws {
    let loaded = try fixture.load()
    var inputs = try fixture.inputs()
    let plain = try loaded.outputs(for: inputs)
    inputs.wantsAttentions = true
    let observed = try loaded.outputs(for: inputs)
    let attentions = observed.entries.filter { $0.name.contains("attentions.") }
    #expect(observed.all.map(\.name).filter { !$0.contains("attentions.") } == plain.all.map(\.name))
    for (name, tensor) in plain.entries { #expect(observed[name] == tensor, "\(fixture.name), \(name)") }
    #expect(observed.loss == plain.loss)
    // As many as there are blocks: a stack has one hidden state more.
    let states = plain.entries.filter { $0.name.contains("hidden_states.") }
    let stacks = Set(states.map { $0.name.split(separator: ".").dropLast().joined(separator: ".") })
    let crosses = attentions.count { $0.name.hasPrefix("cross_") }
    #expect(attentions.count - crosses == states.count - stacks.count || fixture.name == "torch/transformer")
    #expect(!attentions.isEmpty, "\(fixture.name)")
    for (name, weights) in attentions {
      let shape = weights.shape
      let isSquare = name.hasPrefix("cross_") || shape[2] == shape[3]
      #expect(shape.rank == 4 && isSquare, "\(fixture.name), \(name)")
      expectDistributions(
        weights, shape, mayBeEmpty: !fixture.isPaddingComparable, "\(fixture.name), \(name)")
    }
  }

  /// Each block's weights beside those of its attention on the hidden state before it.
  @Test func weightsAreThoseOfTheBlocks() throws {
    let bert = try #require(ModelFixture(name: "bert_model").load().model as? BERT)
    let ids = IndexTensor([4, 9, 2, 7, 1, 8], shape: [2, 3])
    let record = ForwardRecord(keepsAttentionWeights: true)
    #expect(bert.hiddenStates(ids, observer: record.observer) == bert(ids))
    #expect(record.hiddenStates.count == bert.blocks.count + 1)
    #expect(record.attentionWeights.count == bert.blocks.count && record.crossAttentionWeights.isEmpty)
    for (index, block) in bert.blocks.enumerated() {
      let x = record.hiddenStates[index]
      let expected = block.attention.outputAndWeights(query: x, key: x, value: x).weights
      #expect(Comparison(record.attentionWeights[index], expected, absolute: 1e-6).isClose, "block \(index)")
    }
    // Whoever asks for one layer gets one.
    var layers: [Int] = []
    _ = bert.hiddenStates(ids, observer: ForwardObserver(attentionWeights: { layer, _ in layers.append(layer) }))
    #expect(layers == Array(0..<bert.blocks.count))
  }

  @Test(arguments: ["gpt2_lm", "llama_lm"]) func cachedWeightsAreTheLastRows(name: String) throws {
    let model = try #require(ModelFixture(name: name).load().model as? any DecoderOnlyTransformer)
    let ids: [Int32] = [5, 17, 3, 60, 2, 9]
    let whole = ForwardRecord(keepsAttentionWeights: true)
    let states = model.hiddenStates(IndexTensor(ids, shape: [1, 6]), observer: whole.observer)
    for padding in [[], [0]] {
      let state = model.makeState(rows: 1, capacity: 8, padding: padding)
      for range in [0..<4, 4..<5, 5..<6] {
        let part = ForwardRecord(keepsAttentionWeights: true)
        let new = IndexTensor(Array(ids[range]), shape: [1, range.count])
        let found = model.hiddenStates(new, state: state, observer: part.observer)
        let comparison = Comparison(found, states.slice(range, along: 1), absolute: 1e-5)
        #expect(comparison.isClose, "\(comparison)")
        for (weights, all) in zip(part.attentionWeights, whole.attentionWeights) {
          let expected = all.slice(range, along: 2).slice(0..<range.upperBound, along: 3)
          #expect(Comparison(weights, expected, absolute: 1e-5).isClose, "\(name), \(range)")
        }
      }
    }
  }

  /// Padding in front has no weight, and a bias wider than the keys is cut.
  @Test func cachedWeightsHidePadding() throws {
    let model = try #require(ModelFixture(name: "gpt2_lm").load().model as? GPT)
    let state = model.makeState(rows: 2, capacity: 8, padding: [2, 0])
    let record = ForwardRecord(keepsAttentionWeights: true)
    _ = model.hiddenStates(IndexTensor([0, 0, 3, 5, 9, 3, 8, 1], shape: [2, 4]), state: state)
    _ = model.hiddenStates(IndexTensor([7, 7], shape: [2, 1]), state: state, observer: record.observer)
    let weights = record.attentionWeights[0]
    expectDistributions(weights, [2, model.configuration.heads, 1, 5], "padded")
    #expect(weights.slice(0..<1).slice(0..<2, along: 3).scalars.allSatisfy { $0 == 0 })
    #expect(weights.slice(1..<2).scalars.allSatisfy { $0 > 0 })
  }

  /// Cross-attention of beams, several rows to a sequence of the memory.
  @Test(arguments: ["t5_relu", "bart"]) func cachedCrossAttention(name: String) throws {
    let model = try #require(ModelFixture(name: name).load().model as? any EncoderDecoder)
    let (source, tokens) = (
      IndexTensor([5, 6, 7, 8, 9, 9], shape: [2, 3]), IndexTensor([1, 1, 1, 1, 1, 0], shape: [2, 3])
    )
    let target = IndexTensor([0, 9, 4, 0, 3, 5], shape: [2, 3])
    let whole = ForwardRecord(keepsAttentionWeights: true)
    let encoded = model.encode(source, tokens: tokens, observer: nil)
    _ = model.decode(
      target, tokens: nil, memory: .states(encoded, mask: .padding(tokens)), caches: nil, observer: whole.observer)
    let state = model.makeState(reading: source, tokens: tokens, capacity: 4).repeated(2)
    let rows = IndexTensor([0, 9, 4, 0, 9, 4, 0, 3, 5, 0, 3, 5], shape: [4, 3])
    let part = ForwardRecord(keepsAttentionWeights: true)
    _ = model.decode(
      rows, tokens: nil, memory: .projected(state.memories), caches: state.caches, observer: part.observer)
    for (found, expected) in [
      (part.attentionWeights, whole.attentionWeights), (part.crossAttentionWeights, whole.crossAttentionWeights),
    ] {
      #expect(found.count == model.decoderBlocks.count && found.count == expected.count)
      for (weights, expected) in zip(found, expected) {
        expectDistributions(weights, weights.shape, name)
        for row in 0..<4 {
          let comparison = Comparison(
            weights.slice(row..<row + 1), expected.slice(row / 2..<row / 2 + 1), absolute: 1e-5)
          #expect(comparison.isClose, "\(name), row \(row): \(comparison)")
        }
      }
    }
    #expect(part.crossAttentionWeights[0].slice(2..<4).slice(2..<3, along: 3).scalars.allSatisfy { $0 == 0 })
  }
}
