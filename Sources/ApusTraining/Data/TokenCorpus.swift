// A text as training examples for a language model: the target of every token is the next token.
// Read first: CharacterTokenizer.swift. Read next: TokenBatches.swift.

import ApusBase
import ApusFiles
public import ApusTensor
public import ApusText
import ApusWeights

/// The tokens of a text, split into a training part at the beginning and a validation part at the end.
///
/// ```swift
/// let tokenizer = CharacterTokenizer(alphabetOf: text)
/// let corpus = try TokenCorpus(text: text, tokenizer: tokenizer, contextLength: 64)
/// let (inputs, targets) = corpus.batch(.training, size: 16, length: 64, using: generator)   // [16, 64] both
/// ```
public struct TokenCorpus: Sendable {
  /// A part of a corpus.
  public enum Part: String, Sendable, CaseIterable {
    case training, validation
  }

  /// The tokens at the beginning of the text, for training.
  public let trainingTokens: [Int32]
  /// The tokens at the end of the text, which are not used for training.
  public let validationTokens: [Int32]

  /// Encodes a text and splits it.
  ///
  /// - Parameters:
  ///   - text: the text.
  ///   - tokenizer: the tokenizer, whose alphabet has all characters of the text.
  ///   - validationFraction: the fraction of the text, at its end, that is reserved for validation, 0 ≤ fraction < 1;
  ///     if it is 0, there is no validation part.
  ///   - contextLength: the length of the windows; each part must be long enough for one.
  /// - Throws: if a character is not in the tokenizer's alphabet, if the text is too short, or if the fraction is out
  ///   of range.
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

  /// Splits tokens; see `init(text:tokenizer:validationFraction:contextLength:)`.
  public init(
    tokens: [Int32], validationFraction: Double = 0.1, contextLength: Int = 1
  ) throws(TokenCorpusError) {
    guard validationFraction >= 0 && validationFraction < 1 else { throw .validationFraction(validationFraction) }
    let trainingCount = Int(Double(tokens.count) * (1 - validationFraction))
    trainingTokens = Array(tokens[..<trainingCount])
    validationTokens = Array(tokens[trainingCount...])
    for part in Part.allCases where part == .training || validationFraction > 0 {
      // A window needs one more token than its length, for the last target.
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

  /// Windows from random positions; `targets` are `inputs` shifted by one token.
  ///
  /// - Parameters:
  ///   - size: the number of windows, B.
  ///   - length: the number of tokens in each window, T.
  ///   - generator: determines the positions; advances by one stream.
  /// - Returns: the inputs and targets, both [B, T].
  /// - Precondition: the part has more than `length` tokens; `init` ensures this for the context length.
  public func batch(
    _ part: Part, size: Int, length: Int, using generator: RandomGenerator
  ) -> (inputs: IndexTensor, targets: IndexTensor) {
    let tokens = tokens(of: part)
    require(
      size > 0 && length > 0 && tokens.count > length,
      "batch: \(size) windows of \(length) tokens and a last target do not fit into \(tokens.count) \(part) tokens")
    // A window may start at any position for which its last target is still in the part.
    let starts = generator.integers(count: size, below: tokens.count - length)
    return windows(of: tokens, starts: starts, length: length)
  }

  /// All windows of a part in order, without overlap. The batches are the same every time, for an evaluation of the
  /// whole part.
  ///
  /// Every token except the first is a target exactly once, apart from the last tokens, fewer than `length`, that do
  /// not fill a window. The last batch may have fewer than `size` rows, so weight its loss by its number of rows.
  ///
  /// - Returns: a collection of inputs and targets, both [B, T]; empty if the part has at most `length` tokens.
  /// - Precondition: `size` and `length` are positive.
  public func batches(of part: Part, size: Int, length: Int) -> TokenBatches {
    TokenBatches(tokens: tokens(of: part), size: size, length: length)
  }
}

/// The windows that begin at `starts`, and the same windows shifted by one token.
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

/// The reason why a text cannot be used as a corpus.
public enum TokenCorpusError: Error, Hashable, Sendable {
  /// A character is not in the alphabet.
  case tokenizer(TokenizerError)
  /// A part is too short for a single window of the context length and the token after it.
  case tooShort(TokenCorpus.Part, tokens: Int, contextLength: Int, textTokens: Int)
  /// The validation fraction is not in 0 ..< 1.
  case validationFraction(Double)
}

extension TokenCorpusError: CustomStringConvertible {
  /// One line: what was expected and what was found.
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
