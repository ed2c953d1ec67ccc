// What is done to scores before a token is chosen: penalties, and tokens that must or must not come.
// Read first: GenerationSettings.swift. Read next: TokenGenerator.swift.

import ApusTensor
import Foundation

/// The rules of some settings, applied in the order of Hugging Face's library.
struct ScoreRules {
  let settings: GenerationSettings
  /// Whether any rule can change a score.
  let areNeeded: Bool

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
  func apply(to scores: inout Tensor, texts: [[Int32]?], promptCounts: [Int], limit: Int) {
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

  private func apply(to scores: UnsafeMutableBufferPointer<Float>, text: [Int32], written: Int, limit: Int) {
    let s = settings
    func hide(_ token: Int32) { if scores.indices.contains(Int(token)) { scores[Int(token)] = -.infinity } }
    func force(_ token: Int32) {
      guard scores.indices.contains(Int(token)) else { return }
      scores.update(repeating: -.infinity)
      scores[Int(token)] = 0
    }

    if s.repetitionPenalty != 1 {
      for token in Set(text) where scores.indices.contains(Int(token)) {
        let score = scores[Int(token)]
        scores[Int(token)] = score < 0 ? score * s.repetitionPenalty : score / s.repetitionPenalty
      }
    }
    if s.noRepeatNGramSize > 0 { repeats(in: text, of: s.noRepeatNGramSize).forEach(hide) }
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

  /// The tokens that would complete a sequence of n tokens that the text already has.
  private func repeats(in text: [Int32], of n: Int) -> [Int32] {
    guard text.count >= n else { return [] }
    let beginning = text.suffix(n - 1)
    return (0...text.count - n).compactMap { start in
      text[start..<start + n - 1].elementsEqual(beginning) ? text[start + n - 1] : nil
    }
  }
}
