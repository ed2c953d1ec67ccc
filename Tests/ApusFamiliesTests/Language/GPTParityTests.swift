// GPT beside GPT2LMHeadModel: configuration and greedy text.
// Read first: GPTFixture.swift. Outputs and gradients: Tests/ApusFamiliesTests/Published/FixtureParityTests.swift.

import ApusNN
import ApusTensor
import Testing

@testable import ApusLanguage

@Suite struct GPTParityTests {
  @Test func configurationIsRead() throws {
    let configuration = try GPTFixture.model().configuration
    #expect(
      configuration
        == GPT.Configuration(
          vocabularySize: 80, contextLength: 40, layers: 2, heads: 4, width: 32, activation: .geluTanh, dropout: 0.1))
    #expect(try GPTFixture.model().parameterCount == 29_312)
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
