// Speculative decoding: a small model proposes tokens, the large one checks several of them in one pass.
// Read first: TokenGenerator.swift, Sampler.swift.

import ApusBase
public import ApusTensor

/// The result of speculative decoding.
public struct SpeculativeResult: Sendable, Equatable {
  /// The generated sequence.
  public var sequence: GeneratedSequence
  /// The number of tokens that the draft model proposed.
  public var proposed = 0
  /// The number of proposed tokens that were accepted.
  public var accepted = 0
  /// The number of forward passes of the large model.
  public var passes = 0
}

extension CausalDecoder {
  /// Continues a prompt with the help of a draft model; the text has the distribution of this model alone (Leviathan et al.,
  /// arXiv:2211.17192).
  ///
  /// The draft model generates a few tokens, and this model reads them in one pass, which takes little longer than reading one.
  /// A proposed token x is accepted with probability min(1, p(x)/q(x)), where p and q are its probabilities under this model and
  /// the draft model. The first rejected token is replaced by a sample from max(0, p − q), normalized; the result is distributed
  /// as p.
  ///
  /// - Parameters:
  ///   - prompt: the tokens of the prompt, at least one.
  ///   - settings: how tokens are chosen and when the text ends.
  ///   - draft: a model with the same vocabulary.
  ///   - lookahead: the maximum number of tokens proposed at once.
  ///   - generator: the source of random numbers.
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
      rules: LogitRules(settings), sampler: settings.sampler, limit: start.limit, promptCount: prompt.count,
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

/// The two models with their states.
private struct SpeculativeRun {
  var rules: LogitRules
  let sampler: Sampler
  let limit: Int
  let promptCount: Int
  let target: (model: any AutoregressiveModel, state: DecoderState)
  let draft: (model: any AutoregressiveModel, state: DecoderState)
  let generator: RandomGenerator
  /// The maximum number of new tokens that the draft model has positions for.
  let draftLimit: Int

  /// One round of proposals and checks, which yields at least one token.
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
    // Rejected tokens are dropped from the states.
    for state in [target.state, draft.state] { state.truncate(to: min(state.count, text.count + accepted)) }
    return (tokens, accepted, proposals.count)
  }

  /// The distributions of the next token at each of the last positions of the text.
  private mutating func distributions(
    _ reader: (model: any AutoregressiveModel, state: DecoderState), _ text: [Int32], last: Int
  ) -> [[Double]] {
    let new = Array(text[reader.state.count...])
    let vocabulary = reader.model.vocabularySize
    var logits = reader.model.logits(
      after: IndexTensor(new, shape: [1, new.count]), state: reader.state, isLastOnly: last == 1)
    let read = logits.shape[1]
    logits = logits.slice(read - last..<read, along: 1).reshaped(to: [last, vocabulary])
    let texts = (0..<last).map { Array(text.prefix(text.count - last + 1 + $0)) }
    rules.apply(
      to: &logits, texts: texts, promptCounts: Array(repeating: promptCount, count: last), limit: limit)
    return logits.withUnsafePointer { pointer in
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
