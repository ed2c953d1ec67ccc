// A small model proposes, the large one checks several tokens in one pass: the same texts, sooner.
// Read first: TokenGenerator.swift, Sampler.swift.

import ApusBase
public import ApusTensor

/// A text that was written with a draft model's help.
public struct SpeculativeResult: Sendable, Equatable {
  /// The text.
  public var sequence: GeneratedSequence
  /// Tokens that the draft model proposed.
  public var proposed = 0
  /// How many of them were taken.
  public var accepted = 0
  /// Passes of the large model.
  public var passes = 0
}

extension CausalDecoder {
  /// Continues a prompt with proposals of another model; what is written has the distribution of this model alone
  /// (Leviathan et al., arXiv:2211.17192).
  ///
  /// The draft model writes a few tokens; this model reads them in one pass, which costs little more than reading one. A
  /// proposal x is taken with probability min(1, p(x)/q(x)), p and q being what this model and the draft give it. The first
  /// one not taken is replaced by a draw from max(0, p − q), normalized: together that is a draw from p.
  ///
  /// - Parameters:
  ///   - draft: a model with the same vocabulary.
  ///   - lookahead: the most tokens proposed at once.
  /// - Throws: everything that is wrong with the prompt and the settings.
  public func generate(
    _ prompt: [Int32], settings: GenerationSettings, draft: any CausalDecoder, lookahead: Int = 4,
    using generator: RandomGenerator = .current
  ) throws(GenerationError) -> SpeculativeResult {
    require(
      draft.vocabularySize == vocabularySize,
      "generate: a draft model of \(draft.vocabularySize) tokens for one of \(vocabularySize)")
    let start = try GenerationStart(self, [prompt], settings)
    let length = min(start.limit, (draft.positionLimit ?? .max) - prompt.count + 1)
    let capacity = prompt.count + max(0, start.limit) + lookahead
    var run = SpeculativeRun(
      rules: ScoreRules(settings), sampler: settings.sampler, limit: start.limit, promptCount: prompt.count,
      target: (self, makeState(rows: 1, capacity: capacity, padding: [])),
      draft: (draft, draft.makeState(rows: 1, capacity: capacity, padding: [])), generator: generator,
      draftLimit: length)
    var result = SpeculativeResult(sequence: .init(ids: prompt, promptCount: prompt.count, finish: .length))
    while result.sequence.ids.count - prompt.count < start.limit {
      let round = run.round(after: result.sequence.ids, lookahead: lookahead, endTokens: settings.endTokens)
      result.proposed += round.proposed
      result.passes += 1
      for (index, token) in round.tokens.enumerated() {
        result.sequence.ids.append(token)
        if index < round.accepted { result.accepted += 1 }
        let written = result.sequence.ids.count - prompt.count
        if let finish = settings.ending(result.sequence.ids.suffix(written)) {
          result.sequence.finish = finish
          return result
        }
      }
    }
    return result
  }
}

/// The two models with what they have read.
private struct SpeculativeRun {
  var rules: ScoreRules
  let sampler: Sampler
  let limit: Int
  let promptCount: Int
  let target: (model: any TokenDecoder, state: DecoderState)
  let draft: (model: any TokenDecoder, state: DecoderState)
  let generator: RandomGenerator
  /// New tokens up to which the draft model has positions.
  let draftLimit: Int

  /// One round: proposals, and the tokens that come of them, at least one.
  mutating func round(
    after text: [Int32], lookahead: Int, endTokens: [Int32]
  ) -> (tokens: [Int32], accepted: Int, proposed: Int) {
    let written = text.count - promptCount
    let count = min(lookahead, limit - written - 1, draftLimit - written)
    var proposals: [Int32] = []
    var draftChances: [[Double]] = []
    while proposals.count < count {
      let chances = distributions(draft, text + proposals, last: 1)[0]
      let token = draw(chances)
      proposals.append(token)
      draftChances.append(chances)
      if endTokens.contains(token) { break }
    }
    let chances = distributions(target, text + proposals, last: proposals.count + 1)
    var tokens: [Int32] = []
    for (index, proposal) in proposals.enumerated() {
      let (p, q) = (chances[index], draftChances[index])
      if Double(generator.uniform()) * q[Int(proposal)] < p[Int(proposal)] {
        tokens.append(proposal)
      } else {
        tokens.append(draw(zip(p, q).map { max(0, $0 - $1) }))
        break
      }
    }
    let accepted = zip(tokens, proposals).prefix { $0 == $1 }.count
    if accepted == proposals.count { tokens.append(draw(chances[proposals.count])) }
    // What was read of proposals that were not taken is forgotten.
    for state in [target.state, draft.state] { state.truncate(to: min(state.count, text.count + accepted)) }
    return (tokens, accepted, proposals.count)
  }

  /// The distributions of the token after each of the text's last few positions.
  private mutating func distributions(
    _ reader: (model: any TokenDecoder, state: DecoderState), _ text: [Int32], last: Int
  ) -> [[Double]] {
    let new = Array(text[reader.state.count...])
    let vocabulary = reader.model.vocabularySize
    var scores = reader.model.scores(
      after: IndexTensor(new, shape: [1, new.count]), state: reader.state, isLastOnly: last == 1)
    let read = scores.shape[1]
    scores = scores.slice(read - last..<read, along: 1).reshaped(to: [last, vocabulary])
    let texts = (0..<last).map { Array(text.prefix(text.count - last + 1 + $0)) }
    rules.apply(
      to: &scores, texts: texts, promptCounts: Array(repeating: promptCount, count: last), limit: limit)
    return scores.withUnsafePointer { pointer in
      (0..<last).map {
        sampler.probabilities(UnsafeBufferPointer(start: pointer + $0 * vocabulary, count: vocabulary))
      }
    }
  }

  private func draw(_ weights: [Double]) -> Int32 {
    var remaining = Double(generator.uniform()) * weights.reduce(0, +)
    for (token, weight) in weights.enumerated() where weight > 0 {
      remaining -= weight
      if remaining < 0 { return Int32(token) }
    }
    return Int32(weights.lastIndex { $0 > 0 } ?? 0)
  }
}
