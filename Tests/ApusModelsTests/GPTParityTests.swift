// GPT beside GPT2LMHeadModel: hidden states, logits, loss, all gradients, greedy text.
// Read first: GPTFixture.swift.

import ApusData
import ApusNN
import ApusTensor
import ApusTesting
import Testing

@testable import ApusModels

@Suite struct GPTParityTests {
  /// Which rows of [3 · 10, ..] are tokens; the others are padding.
  private func validRows() throws -> IndexTensor {
    let mask = try GPTFixture.file("inputs").indices(named: "attention_mask").indices
    let rows = mask.indices.filter { mask[$0] == 1 }
    #expect(rows.count == 24)
    return IndexTensor(rows)
  }

  private func expectClose(
    _ actual: Tensor, _ expected: Tensor, relativeToLargest: Float, _ what: String
  ) {
    let comparison = Comparison(actual, expected, absolute: 1e-6, relativeToLargest: relativeToLargest)
    #expect(comparison.isClose, "\(what): \(comparison)")
  }

  @Test func configurationIsRead() throws {
    let configuration = try GPTFixture.model().configuration
    #expect(
      configuration
        == GPT.Configuration(
          vocabularySize: 80, contextLength: 40, layers: 2, heads: 4, width: 32, activation: .geluTanh, dropout: 0.1))
    #expect(try GPTFixture.model().parameterCount == 29_312)
  }

  @Test func outputsAgreeWhereThereAreTokens() throws {
    let (model, outputs) = (try GPTFixture.model(), try GPTFixture.file("outputs"))
    let ids = try GPTFixture.file("inputs").indices(named: "input_ids")
    let valid = try validRows()
    func rows(_ tensor: Tensor) -> Tensor { tensor.reshaped(to: [30, tensor.shape[2]]).gathering(valid) }

    let embedded = model.tokenEmbedding(ids) + model.positionEmbedding(10)
    let first = model.blocks[0](embedded)
    let states = [embedded, first, model.hiddenStates(ids)]
    for (index, state) in states.enumerated() {
      let expected = try outputs.tensor(named: "hidden_states.\(index)")
      expectClose(rows(state), rows(expected), relativeToLargest: 2e-5, "hidden states \(index)")
    }
    expectClose(rows(model(ids)), try rows(outputs.tensor(named: "logits")), relativeToLargest: 2e-5, "logits")
  }

  @Test func lossAndAllGradientsAgree() throws {
    let (model, inputs) = (try GPTFixture.model(), try GPTFixture.file("inputs"))
    let ids = try inputs.indices(named: "input_ids")
    let targets = GPTFixture.targets(try inputs.indices(named: "labels"))
    #expect(targets.indices.count { $0 != -100 } == 24 - 3)
    // The checkpoint's configuration has dropout; the fixture was made without.
    let (loss, gradients) = valueAndGradients {
      withTrainingMode(false) { crossEntropy(model(ids), targets) }
    }
    let expectedLoss = try GPTFixture.file("outputs").tensor(named: "loss")
    expectClose(loss, expectedLoss, relativeToLargest: 2e-5, "loss")

    let expected = try GPTFixture.file("gradients")
    let names = GPT.checkpointNames(layers: 2)
    #expect(Set(names.map { "transformer." + $0.theirs }) == Set(expected.entries.map(\.name)))
    let variables = Dictionary(uniqueKeysWithValues: model.namedParameters.map { ($0.name, $0.variable) })
    #expect(variables.count == names.count)
    for name in names {
      let variable = try #require(variables[name.ours], "no parameter \(name.ours)")
      let gradient = try #require(gradients[variable], "no gradient of \(name.ours)")
      expectClose(
        name.isTransposed ? gradient.transposed() : gradient,
        try expected.tensor(named: "transformer." + name.theirs), relativeToLargest: 1e-4, name.theirs)
    }
  }

  @Test func greedyTextIsEqual() throws {
    let (model, file) = (try GPTFixture.model(), try GPTFixture.file("generate"))
    let prompts = try file.indices(named: "input_ids")
    let sequences = try file.indices(named: "greedy.sequences")
    for row in 0..<2 {
      let prompt = Array(prompts.indices[row * 6..<row * 6 + 6])
      let text = model.generate(prompt: prompt, count: 24, end: 79)
      #expect(prompt + text == Array(sequences.indices[row * 30..<row * 30 + 30]), "row \(row)")
    }
  }
}
