// How text is generated. Read next: ScoreRules.swift, BeamSearch.swift, GenerationSettings+File.swift.

import ApusBase

/// Everything that decides what a model writes, besides the model and its prompt.
///
/// ```swift
/// var settings = GenerationSettings(maximumNewTokens: 100, sampler: Sampler(temperature: 0.8, topP: 0.95))
/// settings.repetitionPenalty = 1.1
/// ```
public struct GenerationSettings: Sendable, Equatable {
  /// The most tokens to write.
  public var maximumNewTokens: Int
  /// Until so many are written, the end tokens are impossible.
  public var minimumNewTokens = 0
  /// How a token is chosen; several beams need the one that draws nothing.
  public var sampler: Sampler
  /// Tokens that end the text (and are part of the result).
  public var endTokens: [Int32]
  /// What is fed for a row of a batch that has ended.
  public var paddingToken: Int32 = 0
  /// What stands before the first token of an encoder–decoder; nil: what its configuration names.
  public var startToken: Int32?
  /// Token sequences that end the text when it ends with one of them.
  public var stopSequences: [[Int32]] = []

  /// Scores of tokens that already stand in the text are divided by this, or multiplied if negative (Keskar et al.,
  /// arXiv:1909.05858); 1: no effect.
  public var repetitionPenalty: Float = 1
  /// No sequence of so many tokens is written twice; 0: no such rule.
  public var noRepeatNGramSize = 0
  /// Token sequences that are never written.
  public var badWords: [[Int32]] = []
  /// Tokens that are never written.
  public var suppressedTokens: [Int32] = []
  /// Tokens that are not written first; with a forced first token, not second.
  public var suppressedFirstTokens: [Int32] = []
  /// The first token, whatever the scores say.
  public var forcedFirstToken: Int32?
  /// The last token if the text reaches its greatest length.
  public var forcedLastToken: Int32?
  /// Whether what the rules above leave is made a distribution again, which changes what a beam search adds up.
  public var renormalizesScores = false

  /// Texts that are followed side by side for the likeliest whole; 1: no search.
  public var beams = 1
  /// The score of a finished text is its log-probability divided by its length to this power.
  public var lengthPenalty: Float = 1
  /// When a beam search ends.
  public var earlyStopping = EarlyStopping.whenNoBetter

  /// When a beam search ends, once it has as many finished texts as beams.
  public enum EarlyStopping: Sendable, Equatable {
    /// At once (`true` in generation_config.json).
    case always
    /// When the best unfinished text, at its present length, is not better than the worst finished one (`false`).
    case whenNoBetter
    /// When it could not be better at any length (`"never"`).
    case whenImpossible
  }

  public init(maximumNewTokens: Int = 64, sampler: Sampler = .greedy, endTokens: [Int32] = []) {
    (self.maximumNewTokens, self.sampler, self.endTokens) = (maximumNewTokens, sampler, endTokens)
  }

  /// What is impossible about these settings, one sentence each.
  public var problems: [String] {
    var problems: [String] = []
    func check(_ isRight: Bool, _ problem: @autoclosure () -> String) { if !isRight { problems.append(problem()) } }
    check(maximumNewTokens >= 0, "maximumNewTokens: expected at least 0, found \(maximumNewTokens)")
    check(
      minimumNewTokens >= 0 && minimumNewTokens <= maximumNewTokens,
      "minimumNewTokens: expected 0 to \(maximumNewTokens), found \(minimumNewTokens)")
    check(
      repetitionPenalty > 0 && repetitionPenalty.isFinite,
      "repetitionPenalty: expected a positive number, found \(repetitionPenalty)")
    check(noRepeatNGramSize >= 0, "noRepeatNGramSize: expected at least 0, found \(noRepeatNGramSize)")
    check(beams >= 1, "beams: expected at least 1, found \(beams)")
    check(
      beams <= 1 || sampler.temperature == 0,
      "beams: expected 1 where tokens are drawn, found \(beams) and a temperature of \(sampler.temperature)")
    check(lengthPenalty.isFinite, "lengthPenalty: expected a number, found \(lengthPenalty)")
    check(!badWords.contains([]) && !stopSequences.contains([]), "badWords, stopSequences: expected no empty ones")
    return problems
  }

  /// Whether a text whose last token was just written has ended by itself, and how.
  func ending(_ text: some BidirectionalCollection<Int32>) -> GeneratedSequence.Finish? {
    if let last = text.last, endTokens.contains(last) { return .endToken }
    for stop in stopSequences where text.suffix(stop.count).elementsEqual(stop) { return .stopSequence }
    return nil
  }
}

/// What was generated for one prompt.
public struct GeneratedSequence: Sendable, Equatable {
  /// Why it ends where it does.
  public enum Finish: Sendable, Equatable {
    /// With an end token, which is part of it.
    case endToken
    /// With a stop sequence, which is part of it.
    case stopSequence
    /// At its greatest length, or the model's.
    case length
  }

  /// The prompt (of an encoder–decoder: the start token) and what was written.
  public var ids: [Int32]
  /// How many of the ids are the prompt.
  public var promptCount: Int
  /// Why it ends where it does.
  public var finish: Finish
  /// Of a beam search: log-probability / lengthᵖ, with the length penalty p.
  public var score: Float?

  /// What was written.
  public var newIDs: [Int32] { Array(ids.dropFirst(promptCount)) }
}

/// Why nothing can be generated: everything that is wrong with the prompts and settings.
public struct GenerationError: Error, CustomStringConvertible, Sendable, Equatable {
  /// One sentence each.
  public let problems: [String]

  public var description: String { problems.joined(separator: "\n") }
}
