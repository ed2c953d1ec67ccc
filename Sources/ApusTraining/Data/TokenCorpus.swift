// A text as training examples: the next character is the target of every character.
// Read first: CharacterTokenizer.swift. Read next: TokenBatches.swift.

import ApusBase
import ApusFiles
public import ApusTensor
public import ApusText
import ApusWeights

/// The tokens of a text, its beginning for training and its end for validation.
///
/// ```swift
/// let tokenizer = CharacterTokenizer(alphabetOf: text)
/// let corpus = try TokenCorpus(text: text, tokenizer: tokenizer, contextLength: 64)
/// let (inputs, targets) = corpus.batch(.training, size: 16, length: 64, using: generator)   // [16, 64] both
/// ```
public struct TokenCorpus: Sendable {
  /// One of the two parts of a corpus.
  public enum Part: String, Sendable, CaseIterable {
    case training, validation
  }

  /// The beginning of the text, which a model learns from.
  public let trainingTokens: [Int32]
  /// The end of the text, which it never sees.
  public let validationTokens: [Int32]

  /// Encodes a text and cuts it in two.
  ///
  /// - Parameters:
  ///   - validationFraction: the share of the text's end that is kept for validation, 0 ≤ fraction < 1; with 0 there is
  ///     no validation part.
  ///   - contextLength: the length of the windows that are going to be cut; both parts must have room for one.
  /// - Throws: a character is not in the tokenizer's alphabet, the text is too short, the fraction is out of range.
  public init(
    text: String, tokenizer: CharacterTokenizer, validationFraction: Double = 0.1, contextLength: Int = 1
  ) throws(TokenCorpusError) {
    let tokens: [Int32]
    do throws(TokenizerError) {
      tokens = try tokenizer.encode(text)
    } catch {
      throw .tokenizer(error)
    }
    try self.init(tokens: tokens, validationFraction: validationFraction, contextLength: contextLength)
  }

  /// Cuts tokens in two; see `init(text:tokenizer:validationFraction:contextLength:)`.
  public init(
    tokens: [Int32], validationFraction: Double = 0.1, contextLength: Int = 1
  ) throws(TokenCorpusError) {
    guard validationFraction >= 0 && validationFraction < 1 else { throw .validationFraction(validationFraction) }
    let trainingCount = Int(Double(tokens.count) * (1 - validationFraction))
    trainingTokens = Array(tokens[..<trainingCount])
    validationTokens = Array(tokens[trainingCount...])
    for part in Part.allCases where part == .training || validationFraction > 0 {
      // A window needs one token more than its length: the last target.
      if self.tokens(of: part).count <= contextLength {
        throw .tooShort(
          part, tokens: self.tokens(of: part).count, contextLength: contextLength, textTokens: tokens.count)
      }
    }
  }

  /// The tokens of a part.
  public func tokens(of part: Part) -> [Int32] {
    switch part {
    case .training: trainingTokens
    case .validation: validationTokens
    }
  }

  /// Windows from random places: `targets` are the tokens that follow `inputs`, one further on.
  ///
  /// - Parameters:
  ///   - size: the number of windows, B.
  ///   - length: the tokens in each, T.
  ///   - generator: decides the places; takes one stream of it.
  /// - Returns: inputs and targets, both [B, T].
  /// - Precondition: the part has more than `length` tokens (as `init` makes sure for the context length).
  public func batch(
    _ part: Part, size: Int, length: Int, using generator: RandomGenerator
  ) -> (inputs: IndexTensor, targets: IndexTensor) {
    let tokens = tokens(of: part)
    require(
      size > 0 && length > 0 && tokens.count > length,
      "batch: \(size) windows of \(length) and one more from \(tokens.count) tokens for \(part)")
    // A window may begin wherever its last target is still a token.
    let starts = generator.integers(count: size, below: tokens.count - length)
    return windows(of: tokens, starts: starts, length: length)
  }

  /// All windows of a part in order, side by side: the same batches every time, for an even view of the whole part.
  ///
  /// Every token but the first is the target exactly once, up to the last `length` − 1 or fewer, which fill no window.
  /// The last batch may have fewer rows than `size`: weigh its loss by its rows.
  ///
  /// - Returns: a collection of inputs and targets, both [B, T]; empty if the part has no more than `length` tokens.
  /// - Precondition: `size` and `length` are positive.
  public func batches(of part: Part, size: Int, length: Int) -> TokenBatches {
    TokenBatches(tokens: tokens(of: part), size: size, length: length)
  }
}

/// The windows that begin at `starts`, and the same one token on.
func windows(of tokens: [Int32], starts: some Collection<Int>, length: Int) -> (
  inputs: IndexTensor, targets: IndexTensor
) {
  func gathered(shift: Int) -> IndexTensor {
    var rows: [Int32] = []
    rows.reserveCapacity(starts.count * length)
    for start in starts { rows += tokens[start + shift..<start + shift + length] }
    return IndexTensor(rows, shape: [starts.count, length])
  }
  return (gathered(shift: 0), gathered(shift: 1))
}

/// A text cannot become a corpus.
public enum TokenCorpusError: Error, Hashable, Sendable {
  /// A character is not in the alphabet.
  case tokenizer(TokenizerError)
  /// A part has no room for a single window of the context length and the token after it.
  case tooShort(TokenCorpus.Part, tokens: Int, contextLength: Int, textTokens: Int)
  /// The share for validation is not in 0 ..< 1.
  case validationFraction(Double)
}

extension TokenCorpusError: CustomStringConvertible {
  /// One line: what was expected, what was found.
  public var description: String {
    switch self {
    case .tokenizer(let error): error.description
    case .tooShort(let part, let tokens, let length, let textTokens):
      "text too short: expected at least \(counted(length + 1, "token")) for \(part) (context length \(length) and one more), "
        + "found \(tokens) of the \(textTokens) in the text"
    case .validationFraction(let fraction):
      "validation fraction: expected a number from 0 to below 1, found \(fraction)"
    }
  }
}
