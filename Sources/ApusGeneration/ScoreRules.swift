// What is done to scores before a token is chosen: penalties, and tokens that must or must not come.
// Read first: GenerationSettings.swift. Read next: TokenGenerator.swift.

import ApusTensor
import Foundation

/// The rules of some settings, applied in the order of Hugging Face's library.
struct ScoreRules {
  let settings: GenerationSettings
  /// Whether any rule can change a score.
  let areNeeded: Bool
  /// A bit for every token: whether it stands in the text. (A set would be filled anew, with allocations, for every token.)
  private var marks: [UInt64] = []

  init(_ settings: GenerationSettings) {
    self.settings = settings
    let s = settings
    areNeeded =
      s.repetitionPenalty != 1 || s.noRepeatNGramSize > 0 || !s.badWords.isEmpty || s.minimumNewTokens > 0
      || s.forcedFirstToken != nil || s.forcedLastToken != nil || !s.suppressedTokens.isEmpty
      || !s.suppressedFirstTokens.isEmpty || s.renormalizesScores
  }

  /// Changes the scores of the token after each text.
  ///
  /// - Parameters:
  ///   - scores: [rows, vocabulary]
  ///   - texts: what stands before, for every row; nil: the row does not matter.
  ///   - promptCounts: how much of each text is its prompt.
  ///   - limit: the most new tokens.
  mutating func apply(to scores: inout Tensor, texts: [[Int32]?], promptCounts: [Int], limit: Int) {
    guard areNeeded else { return }
    let vocabulary = scores.shape[1]
    scores.withUnsafeMutablePointer { pointer in
      for (row, text) in texts.enumerated() {
        guard let text else { continue }
        let scores = UnsafeMutableBufferPointer(start: pointer + row * vocabulary, count: vocabulary)
        apply(to: scores, text: text, written: text.count - promptCounts[row], limit: limit)
      }
    }
  }

  /// Changes the scores of the token after one text.
  ///
  /// - Parameters:
  ///   - scores: one for every token.
  ///   - written: how many tokens of the text are new.
  mutating func apply(to scores: UnsafeMutableBufferPointer<Float>, text: [Int32], written: Int, limit: Int) {
    let s = settings
    func hide(_ token: Int32) { if scores.indices.contains(Int(token)) { scores[Int(token)] = -.infinity } }
    func force(_ token: Int32) {
      guard scores.indices.contains(Int(token)) else { return }
      scores.update(repeating: -.infinity)
      scores[Int(token)] = 0
    }

    if s.repetitionPenalty != 1 {
      forEachToken(of: text, below: scores.count) { token in
        let score = scores[token]
        scores[token] = score < 0 ? score * s.repetitionPenalty : score / s.repetitionPenalty
      }
    }
    if s.noRepeatNGramSize > 0 { forEachRepeat(in: text, of: s.noRepeatNGramSize, hide) }
    for word in s.badWords {
      // A word that is only an end token would leave the text without an end.
      if word.count == 1, s.endTokens.contains(word[0]) { continue }
      if text.suffix(word.count - 1).elementsEqual(word.dropLast()), let last = word.last { hide(last) }
    }
    if written < s.minimumNewTokens { s.endTokens.forEach(hide) }
    if written == 0, let first = s.forcedFirstToken { force(first) }
    if written == limit - 1, let last = s.forcedLastToken { force(last) }
    s.suppressedTokens.forEach(hide)
    // The first token is the first one that is not forced.
    if written == (s.forcedFirstToken == nil ? 0 : 1) { s.suppressedFirstTokens.forEach(hide) }
    if s.renormalizesScores { renormalize(scores) }
  }

  /// x − log Σ eˣ; where nothing is possible, nothing becomes so.
  private func renormalize(_ scores: UnsafeMutableBufferPointer<Float>) {
    guard let greatest = scores.max(), greatest.isFinite else { return }
    let sum = scores.reduce(0) { $0 + exp(Double($1 - greatest)) }
    let logarithm = greatest + Float(log(sum))
    for token in scores.indices { scores[token] -= logarithm }
  }

  /// Calls `body` once for every token that stands in the text, however often it does.
  private mutating func forEachToken(of text: [Int32], below bound: Int, _ body: (Int) -> Void) {
    let words = (bound + 63) / 64
    if marks.count != words { marks = Array(repeating: 0, count: words) }
    for token in text where token >= 0 && Int(token) < bound {
      let (word, bit) = (Int(token) / 64, UInt64(1) << (UInt64(token) % 64))
      if marks[word] & bit == 0 { body(Int(token)) }
      marks[word] |= bit
    }
    for token in text where token >= 0 && Int(token) < bound { marks[Int(token) / 64] = 0 }
  }

  /// Calls `body` with the tokens that would complete a sequence of n tokens that the text already has.
  private func forEachRepeat(in text: [Int32], of n: Int, _ body: (Int32) -> Void) {
    guard text.count >= n else { return }
    let beginning = text.suffix(n - 1)
    for start in 0...text.count - n where text[start..<start + n - 1].elementsEqual(beginning) {
      body(text[start + n - 1])
    }
  }
}
