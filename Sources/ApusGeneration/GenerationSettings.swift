// The settings of text generation. Read next: LogitRules.swift, BeamSearch.swift, GenerationSettings+File.swift.

import ApusBase

/// Everything that determines the generated text, besides the model and its prompt.
///
/// ```swift
/// var settings = GenerationSettings(maximumNewTokens: 100, sampler: Sampler(temperature: 0.8, topP: 0.95))
/// settings.repetitionPenalty = 1.1
/// ```
public struct GenerationSettings: Sendable, Equatable {
  /// The maximum number of new tokens.
  public var maximumNewTokens: Int
  /// The minimum number of new tokens: before that, end tokens are impossible.
  public var minimumNewTokens = 0
  /// How a token is chosen; beam search requires `greedy`.
  public var sampler: Sampler
  /// The tokens that end a text; they are part of the result.
  public var endTokens: [Int32]
  /// The input of rows of a batch that have ended.
  public var paddingToken: Int32 = 0
  /// The token that the target of an encoder–decoder begins with; nil: the one that its configuration names.
  public var startToken: Int32?
  /// Token sequences that end a text as soon as it ends with one of them.
  public var stopSequences: [[Int32]] = []

  /// Divides the logits of tokens that already occur in the text, or multiplies them if they are negative (Keskar et al.,
  /// arXiv:1909.05858); 1: no effect.
  public var repetitionPenalty: Float = 1
  /// No n-gram of this size is generated twice; 0: no such rule.
  public var noRepeatNGramSize = 0
  /// Token sequences that are never generated.
  public var badWords: [[Int32]] = []
  /// Tokens that are never generated.
  public var suppressedTokens: [Int32] = []
  /// Tokens that are not generated first; after a forced first token, not second.
  public var suppressedFirstTokens: [Int32] = []
  /// The first token, whatever its logit; nil: not forced.
  public var forcedFirstToken: Int32?
  /// The last token of a text that reaches its maximum length; nil: not forced.
  public var forcedLastToken: Int32?
  /// Whether the logits are normalized to log-probabilities again after the rules above, which changes the scores of beams.
  public var renormalizesLogits = false

  /// The number of beams; 1: no beam search.
  public var beams = 1
  /// The score of a finished beam is its log-probability divided by its length to this power.
  public var lengthPenalty: Float = 1
  /// When a beam search ends.
  public var earlyStopping = EarlyStopping.whenNoBetter

  /// When a beam search ends, once it has as many finished texts as beams.
  public enum EarlyStopping: Sendable, Equatable {
    /// Immediately (`true` in generation_config.json).
    case always
    /// When the best unfinished text, at its current length, is no better than the worst finished one (`false`).
    case whenNoBetter
    /// When no unfinished text can become better at any length (`"never"`).
    case whenImpossible
  }

  /// - Parameters:
  ///   - maximumNewTokens: the maximum number of new tokens.
  ///   - sampler: how a token is chosen.
  ///   - endTokens: the tokens that end a text.
  public init(maximumNewTokens: Int = 64, sampler: Sampler = .greedy, endTokens: [Int32] = []) {
    (self.maximumNewTokens, self.sampler, self.endTokens) = (maximumNewTokens, sampler, endTokens)
  }

  /// Everything that is invalid about these settings, one sentence each.
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
      "beams: expected 1 where tokens are sampled, found \(beams) and a temperature of \(sampler.temperature)")
    check(lengthPenalty.isFinite, "lengthPenalty: expected a number, found \(lengthPenalty)")
    check(!badWords.contains([]) && !stopSequences.contains([]), "badWords, stopSequences: expected no empty ones")
    return problems
  }

  /// How a text ends with its last token; nil if it does not end.
  func ending(_ text: some BidirectionalCollection<Int32>) -> GeneratedSequence.Finish? {
    if let last = text.last, endTokens.contains(last) { return .endToken }
    for stop in stopSequences where text.suffix(stop.count).elementsEqual(stop) { return .stopSequence }
    return nil
  }
}

/// The result of a generation for one prompt.
public struct GeneratedSequence: Sendable, Equatable {
  /// Why the text ends.
  public enum Finish: Sendable, Equatable {
    /// It ends with an end token, which is part of it.
    case endToken
    /// It ends with a stop sequence, which is part of it.
    case stopSequence
    /// It reached its maximum length, or the last position of the model.
    case length
  }

  /// The prompt (for an encoder–decoder, the start token) and the new tokens.
  public var ids: [Int32]
  /// The number of ids that are the prompt.
  public var promptCount: Int
  /// Why the text ends.
  public var finish: Finish
  /// The score of a beam search: log-probability / lengthᵖ, with the length penalty p; nil without beam search.
  public var score: Float?

  /// The new tokens.
  public var newIDs: [Int32] { Array(ids.dropFirst(promptCount)) }
}

/// Everything that is wrong with the prompts and settings of a generation.
public struct GenerationError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The problems, one sentence each.
  public let problems: [String]

  public var description: String { problems.joined(separator: "\n") }
}
