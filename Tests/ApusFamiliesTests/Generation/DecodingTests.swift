// Generation by itself: batches, ends, streams, beams against all texts there are, drafts that change nothing.
// Read first: GenerationFixture.swift, GenerationParityTests.swift.

import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusGeneration
@testable import ApusLanguage
@testable import ApusText

@Suite struct DecodingTests {
  /// A model whose text depends on where a token stands.
  private func restlessModel(seed: UInt64 = 1, vocabulary: Int = 7) -> GPT {
    let model = withSeed(seed) {
      GPT(.init(vocabularySize: vocabulary, contextLength: 8, layers: 2, heads: 2, width: 12))
    }
    model.positionEmbedding.weight = model.positionEmbedding.weight * 40
    model.tokenEmbedding.weight = model.tokenEmbedding.weight * 30
    return model
  }

  @Test(arguments: ["gpt2_lm", "llama_lm", "bart", "marian", "t5_relu"])
  func aBatchIsEveryPromptByItself(name: String) throws {
    let fixture = try WritingFixture(name)
    let prompts: [[Int32]] = [[5, 17, 3, 60, 20], [9, 41], [7, 7, 30, 4, 11, 12]]
    for beams in [1, 3] {
      var settings = try fixture.settings()
      (settings.maximumNewTokens, settings.beams) = (10, beams)
      let together = try fixture.generate(settings, prompts)
      for (prompt, sequence) in zip(prompts, together) {
        let alone = try fixture.generate(settings, [prompt])[0]
        #expect(sequence.ids == alone.ids && sequence.finish == alone.finish, "\(name), \(beams) beams")
        #expect(abs((sequence.score ?? 0) - (alone.score ?? 0)) < 1e-5)
        #expect(sequence.newIDs.count <= 10 && !sequence.newIDs.isEmpty)
      }
    }
  }

  @Test func seedsDetermineTheTexts() throws {
    let model = restlessModel()
    let settings = GenerationSettings(maximumNewTokens: 6, sampler: Sampler(temperature: 1.5, topP: 0.95))
    func text(_ seed: UInt64, _ prompts: [[Int32]] = [[1], [2]]) throws -> [[Int32]] {
      try model.generate(prompts, settings: settings, using: RandomGenerator(seed: seed)).map(\.newIDs)
    }
    #expect(try text(1) == text(1))
    #expect(try text(1) != text(2))
    // What a row becomes does not depend on those behind it.
    #expect(try text(1, [[1], [2], [3]])[0] == text(1)[0])
  }

  @Test func textsEnd() throws {
    let model = restlessModel()
    var settings = GenerationSettings(maximumNewTokens: 6)
    let text = try model.generate([[2]], settings: settings)[0]
    #expect(text.finish == .length && text.newIDs.count == 6 && text.promptCount == 1)
    settings.endTokens = [text.newIDs[3]]
    let ended = try model.generate([[2]], settings: settings)[0]
    let place = try #require(text.newIDs.firstIndex(of: text.newIDs[3]))
    #expect(ended.finish == .endToken && ended.newIDs == Array(text.newIDs.prefix(place + 1)))
    settings.endTokens = []
    settings.stopSequences = [[6, 6, 6], Array(text.newIDs[2...3])]
    let stopped = try model.generate([[2]], settings: settings)[0]
    let end = try #require((1..<6).first { Array(text.newIDs[$0 - 1...$0]) == Array(text.newIDs[2...3]) })
    #expect(stopped.finish == .stopSequence && stopped.newIDs == Array(text.newIDs.prefix(end + 1)))
    // The model's positions end it, too: seven are written after one is read, and the last of them is not read.
    settings = GenerationSettings(maximumNewTokens: 100)
    #expect(try model.generate([[2]], settings: settings)[0].newIDs.count == 8)
    #expect(try model.generate([[0, 1, 2, 3, 4, 5, 6, 0]], settings: settings)[0].newIDs.count == 1)
    settings.maximumNewTokens = 0
    for beams in [1, 2] {
      settings.beams = beams
      #expect(try model.generate([[2, 1]], settings: settings)[0].ids == [2, 1])
    }
  }

  @Test func everythingThatIsWrongWithPrompts() {
    let model = restlessModel()
    var settings = GenerationSettings()
    settings.beams = 0
    settings.repetitionPenalty = 0
    let error = #expect(throws: GenerationError.self) {
      try model.generate([[], [7], Array(repeating: 0, count: 9)], settings: settings)
    }
    #expect(
      error?.problems == [
        "repetitionPenalty: expected a positive number, found 0.0", "beams: expected at least 1, found 0",
        "prompt 0: expected at least one token, found none", "prompt 1: expected tokens from 0 to 6, found 7",
        "prompt 2: expected at most 8 tokens, found 9",
      ])
    #expect(throws: GenerationError(problems: ["expected at least one prompt, found none"])) {
      try model.generate([], settings: GenerationSettings())
    }
  }

  @Test func settingsMayNameTheStartToken() throws {
    let fixture = try WritingFixture("t5_relu")
    var settings = try fixture.settings()
    let usual = try fixture.generate(settings)[0].ids
    settings.startToken = 9
    let other = try fixture.generate(settings)[0].ids
    #expect(usual[0] == 0 && other[0] == 9 && usual.dropFirst() != other.dropFirst())
    settings.startToken = 1 << 20
    #expect(throws: GenerationError.self) { try fixture.generate(settings) }
  }

  @Test func streamsAreTheText() async throws {
    let model = restlessModel()
    let settings = GenerationSettings(maximumNewTokens: 6, sampler: Sampler(temperature: 1.5))
    let text = try model.generate([[3, 1]], settings: settings, using: RandomGenerator(seed: 4))[0]
    let stream = try model.stream([3, 1], settings: settings, using: RandomGenerator(seed: 4))
    var heard: [Int32] = []
    for await token in stream { heard.append(token) }
    #expect(heard == text.newIDs && stream.generator.sequences == [text])

    let fixture = try WritingFixture("t5_relu")
    let t5 = try #require(fixture.model as? T5)
    let own = try fixture.settings()
    let written = try t5.generate(reading: [fixture.prompts[0]], settings: own)[0].newIDs
    heard = []
    for await token in try t5.stream(reading: fixture.prompts[0], settings: own) { heard.append(token) }
    #expect(heard == written)
  }

  @Test func cancelledStreamsStop() async throws {
    let heard = await Task {
      let model = restlessModel()
      let settings = GenerationSettings(maximumNewTokens: 6)
      var heard = 0
      guard let stream = try? model.stream([3], settings: settings) else { return -1 }
      for await _ in stream {
        heard += 1
        if heard == 2 { withUnsafeCurrentTask { $0?.cancel() } }
      }
      return heard
    }.value
    #expect(heard == 2)
  }

  // MARK: Beams

  /// The log-probability of every text of a length.
  private func all(_ model: GPT, _ prompt: [Int32], length: Int) -> [(text: [Int32], score: Double)] {
    var texts: [(text: [Int32], score: Double)] = [([], 0)]
    for _ in 0..<length {
      texts = texts.flatMap { text, score in
        let ids = prompt + text
        let scores = model(IndexTensor(ids, shape: [1, ids.count]))
        let last = scores.slice(ids.count - 1..<ids.count, along: 1).reshaped(-1)
        let logs = (last - last.logSumExp(along: 0)).scalars
        return logs.enumerated().map { (text + [Int32($0)], score + Double($1)) }
      }
    }
    return texts
  }

  /// With as many beams as there are beginnings nothing is cut off, so the search finds the best text there is.
  @Test func enoughBeamsFindTheBestText() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let model = restlessModel(seed: seed, vocabulary: 4)
      var settings = GenerationSettings(maximumNewTokens: 3)
      settings.beams = 16
      let found = try model.generate([[1, 2]], settings: settings)[0]
      let best = try #require(all(model, [1, 2], length: 3).max { $0.score < $1.score })
      #expect(found.newIDs == best.text && abs(Double(found.score ?? 0) - best.score / 3) < 1e-5, "seed \(seed)")
    }
  }

  // MARK: Drafts

  @Test func greedyWithADraftIsGreedy() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let (model, draft) = (restlessModel(seed: seed), restlessModel(seed: seed + 10))
      for limit in [1, 2, 6, 100] {
        let settings = GenerationSettings(maximumNewTokens: limit)
        let expected = try model.generate([[2, 5]], settings: settings)[0]
        for lookahead in [1, 3, 9] {
          let own = try model.generate([2, 5], settings: settings, draft: model, lookahead: lookahead)
          #expect(own.sequence == expected && own.accepted == own.proposed, "its own draft")
          let result = try model.generate([2, 5], settings: settings, draft: draft, lookahead: lookahead)
          #expect(result.sequence == expected, "seed \(seed), \(limit) tokens, lookahead \(lookahead)")
          #expect(result.passes + result.accepted >= expected.newIDs.count && result.passes <= expected.newIDs.count)
        }
      }
    }
  }

  @Test func draftsWithRulesAndEnds() throws {
    let (model, draft) = (restlessModel(seed: 2), restlessModel(seed: 5))
    var settings = GenerationSettings(maximumNewTokens: 6)
    settings.repetitionPenalty = 2
    settings.noRepeatNGramSize = 2
    let plain = try model.generate([[2, 5]], settings: settings)[0]
    #expect(try model.generate([2, 5], settings: settings, draft: draft).sequence == plain)
    settings.endTokens = [plain.newIDs[2]]
    let ended = try model.generate([[2, 5]], settings: settings)[0]
    #expect(try model.generate([2, 5], settings: settings, draft: draft).sequence == ended)
    #expect(ended.finish == .endToken)
  }

  /// Many drawn texts of three tokens, with a draft, against the probability of every such text.
  @Test(arguments: [Sampler(temperature: 4), Sampler(temperature: 3, topK: 3)])
  func textsWithADraftHaveTheModelsDistribution(sampler: Sampler) throws {
    let (model, draft) = (restlessModel(seed: 1, vocabulary: 4), restlessModel(seed: 7, vocabulary: 4))
    let settings = GenerationSettings(maximumNewTokens: 3, sampler: sampler)
    var expected: [[Int32]: Double] = [[]: 1]
    for _ in 0..<3 {
      var next: [[Int32]: Double] = [:]
      for (text, chance) in expected {
        let ids = [3, 0] + text
        let scores = model(IndexTensor(ids, shape: [1, ids.count]))
        let last = scores.slice(ids.count - 1..<ids.count, along: 1).reshaped(-1).scalars
        let chances = last.withUnsafeBufferPointer { sampler.probabilities($0) }
        for (token, share) in chances.enumerated() where share > 0 { next[text + [Int32(token)]] = chance * share }
      }
      expected = next
    }
    let (draws, generator) = (1_500, RandomGenerator(seed: 8))
    var counts: [[Int32]: Int] = [:]
    var (accepted, proposed) = (0, 0)
    for _ in 0..<draws {
      let result = try model.generate([3, 0], settings: settings, draft: draft, lookahead: 2, using: generator)
      counts[result.sequence.newIDs, default: 0] += 1
      (accepted, proposed) = (accepted + result.accepted, proposed + result.proposed)
    }
    // Some proposals are taken and some are not, or little would be tested.
    #expect(accepted > draws / 10 && proposed - accepted > draws / 10, "\(accepted) of \(proposed)")
    #expect(counts.keys.allSatisfy { expected[$0] != nil })
    // Rare texts together, so that every class has enough.
    var (chiSquared, classes, rareCount, rareChance) = (0.0, 0, 0, 0.0)
    func add(_ count: Int, _ chance: Double) {
      let difference = Double(count) - chance * Double(draws)
      chiSquared += difference * difference / (chance * Double(draws))
      classes += 1
    }
    for (text, chance) in expected {
      if chance * Double(draws) < 8 {
        (rareCount, rareChance) = (rareCount + counts[text, default: 0], rareChance + chance)
      } else {
        add(counts[text, default: 0], chance)
      }
    }
    if rareChance > 0 { add(rareCount, rareChance) }
    // Its mean is classes − 1 and its variance twice that: four deviations.
    let freedom = Double(classes - 1)
    #expect(classes > 8 && chiSquared < freedom + 4 * (2 * freedom).squareRoot(), "χ² \(chiSquared) of \(classes)")
  }
}

@Suite struct GenerationSettingsTests {
  private func settings(_ json: String, promptCount: Int = 1) throws -> GenerationSettings {
    try withTemporaryFolder { folder in
      try Data(json.utf8).write(to: folder.appendingPathComponent("generation_config.json"))
      return try GenerationSettings(contentsOf: folder, promptCount: promptCount)
    }
  }

  @Test func fieldsAreRead() throws {
    let read = try settings(
      """
      {"max_length": 142, "min_length": 56, "num_beams": 4, "length_penalty": 2.0, "early_stopping": true,
       "no_repeat_ngram_size": 3, "forced_bos_token_id": 0, "forced_eos_token_id": [2], "eos_token_id": [2, 7],
       "pad_token_id": 1, "bad_words_ids": [[5], [6, 7]], "suppress_tokens": null, "begin_suppress_tokens": [9],
       "repetition_penalty": 1.2, "top_k": 50}
      """)
    var expected = GenerationSettings(maximumNewTokens: 141, endTokens: [2, 7])
    (expected.minimumNewTokens, expected.beams, expected.lengthPenalty) = (55, 4, 2)
    (expected.earlyStopping, expected.noRepeatNGramSize) = (.always, 3)
    (expected.forcedFirstToken, expected.forcedLastToken, expected.paddingToken) = (0, 2, 1)
    (expected.badWords, expected.suppressedFirstTokens, expected.repetitionPenalty) = ([[5], [6, 7]], [9], 1.2)
    // Without do_sample, top_k says nothing.
    #expect(read == expected && read.problems.isEmpty)
    let sampled = try settings(
      #"{"do_sample": true, "temperature": 0.7, "top_k": 0, "top_p": 0.9, "max_new_tokens": 5}"#)
    #expect(sampled == GenerationSettings(maximumNewTokens: 5, sampler: Sampler(temperature: 0.7, topP: 0.9)))
    // What is left out when such files are written.
    #expect(try settings(#"{"do_sample": true}"#).sampler == Sampler(topK: 50))
    #expect(try settings(#"{"early_stopping": "never"}"#).earlyStopping == .whenImpossible)
    #expect(try settings(#"{"renormalize_logits": true}"#).renormalizesLogits)
    #expect(try settings(#"{"decoder_start_token_id": 7}"#).startToken == 7)
    // Not the first token that is written, but the second of a text.
    #expect(try settings(#"{"forced_bos_token_id": 3}"#, promptCount: 2).forcedFirstToken == nil)
    #expect(try settings(#"{"max_length": 20}"#, promptCount: 30).maximumNewTokens == 0)
  }

  @Test func everythingThatIsWrongIsListed() {
    let error = #expect(throws: FileFormatError.self) {
      try settings(
        #"{"max_new_tokens": -1, "eos_token_id": "x", "do_sample": true, "top_p": 3, "bad_words_ids": [[]], "num_beams": 2147483647}"#
      )
    }
    #expect(
      error?.problems.map { "\($0.place)" } == [
        "eos_token_id", "max_new_tokens", "top_p", "bad_words_ids", "num_beams",
      ])
    let unsupported = #expect(throws: FileFormatError.self) {
      try settings(
        """
        {"do_sample": true, "typical_p": 0.9, "epsilon_cutoff": 0.0, "eta_cutoff": 3e-4, "top_h": 0.4,
         "num_beam_groups": 2, "diversity_penalty": 0.5, "encoder_no_repeat_ngram_size": 3, "guidance_scale": 1,
         "sequence_bias": [[[1], 2.0]], "constraints": null, "forced_decoder_ids": [[1, 2]], "force_words_ids": []}
        """)
    }
    #expect(
      unsupported?.problems.map { "\($0.place)" } == [
        "typical_p", "eta_cutoff", "top_h", "num_beam_groups", "encoder_no_repeat_ngram_size", "diversity_penalty",
        "sequence_bias", "forced_decoder_ids",
      ])
    #expect(throws: FileFormatError.self) { try settings("[1]") }
    #expect(throws: FileFormatError.self) { try withTemporaryFolder { try GenerationSettings(contentsOf: $0) } }
  }
}
