// Beam search where the scores are known: many ways to end, and rules that leave no distribution.
// Read first: DecodingTests.swift, which compares it with all texts there are.

import ApusTensor
import Foundation
import Testing

@testable import ApusGeneration

/// A decoder that gives the same probabilities whatever it has read.
private final class Monotone: CausalDecoder {
  let probabilities: [Float]
  let vocabularySize: Int
  let positionLimit: Int? = nil

  init(_ probabilities: [Float]) {
    self.probabilities = probabilities
    vocabularySize = probabilities.count
  }

  func logits(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let rows = Tensor(probabilities.map { log($0) }, shape: [1, 1, vocabularySize])
    return rows + Tensor.zeros([ids.shape[0], isLastOnly ? 1 : ids.shape[1], 1])
  }

  func makeState(rows: Int, capacity: Int, padding: [Int]) -> DecoderState {
    DecoderState(rows: rows, capacity: capacity, layers: 0, width: 1, padding: padding)
  }
}

@Suite struct BeamSearchTests {
  /// The four likeliest tokens all end the text, and so do all of the four best continuations of two beams; but where long
  /// texts count for more, the fifth token is the way to the best one.
  @Test func beamsGoOnBesideManyEnds() throws {
    let model = Monotone([0.25, 0.24, 0.23, 0.18, 0.1])
    var settings = GenerationSettings(maximumNewTokens: 2, endTokens: [0, 1, 2, 3])
    (settings.beams, settings.lengthPenalty, settings.earlyStopping) = (2, 3, .whenImpossible)
    let found = try model.generate([[1]], settings: settings)[0]
    #expect(found.newIDs == [4, 0] && found.finish == .endToken)
    #expect(abs((found.score ?? 0) - (log(0.1) + log(0.25)) / 8) < 1e-6)
    // The same with sequences that stop.
    settings.endTokens = []
    settings.stopSequences = [[0], [1], [2], [3]]
    #expect(try model.generate([[1]], settings: settings)[0].newIDs == [4, 0])
  }

  /// Without its likeliest token a distribution's sum is a half; made one again, every other is twice as likely.
  @Test func whatRulesLeaveBecomesADistributionAgain() throws {
    let model = Monotone([0.5, 0.3, 0.2])
    var settings = GenerationSettings(maximumNewTokens: 2)
    (settings.beams, settings.badWords) = (2, [[0]])
    let plain = try model.generate([[1]], settings: settings)[0]
    settings.renormalizesLogits = true
    let normalized = try model.generate([[1]], settings: settings)[0]
    #expect(plain.newIDs == [1, 1] && normalized.newIDs == [1, 1])
    #expect(abs((plain.score ?? 0) - log(0.3)) < 1e-6 && abs((normalized.score ?? 0) - log(0.6)) < 1e-6)
    // Where no token is left there is nothing to divide by.
    settings.suppressedTokens = [0, 1, 2]
    #expect(try model.generate([[1]], settings: settings)[0].newIDs.isEmpty)
  }

  /// What may not come first may not come behind a first token that was forced either; then it may.
  @Test func theFirstTokenIsTheFirstThatIsNotForced() throws {
    let model = Monotone([0.5, 0.3, 0.2])
    var settings = GenerationSettings(maximumNewTokens: 3)
    settings.suppressedFirstTokens = [0]
    #expect(try model.generate([[1]], settings: settings)[0].newIDs == [1, 0, 0])
    settings.forcedFirstToken = 2
    #expect(try model.generate([[1]], settings: settings)[0].newIDs == [2, 1, 0])
  }

  @Test func beamsDrawNothing() {
    var settings = GenerationSettings(sampler: Sampler(temperature: 0.5))
    settings.beams = 4
    #expect(settings.problems == ["beams: expected 1 where tokens are sampled, found 4 and a temperature of 0.5"])
  }
}
