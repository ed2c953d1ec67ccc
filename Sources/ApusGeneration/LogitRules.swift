// Rules that change logits before a token is chosen: penalties, forbidden and forced tokens.
// Read first: GenerationSettings.swift. Read next: TokenGenerator.swift.

import ApusTensor
import Foundation

/// The rules of some generation settings, applied in the order of Hugging Face's library.
struct LogitRules {
  let settings: GenerationSettings
  /// Whether any rule can change a logit.
  let areNeeded: Bool
  /// One bit per token: whether it occurs in the text. (A set would allocate memory for each new token.)
  private var marks: [UInt64] = []

  init(_ settings: GenerationSettings) {
    self.settings = settings
    let s = settings
    areNeeded =
      s.repetitionPenalty != 1 || s.noRepeatNGramSize > 0 || !s.badWords.isEmpty || s.minimumNewTokens > 0
      || s.forcedFirstToken != nil || s.forcedLastToken != nil || !s.suppressedTokens.isEmpty
      || !s.suppressedFirstTokens.isEmpty || s.renormalizesLogits
  }

  /// Changes the logits of the token after each text.
  ///
  /// - Parameters:
  ///   - logits: [rows, vocabulary]
  ///   - texts: the tokens so far of each row; nil: the row does not matter.
  ///   - promptCounts: the number of tokens of each text that are its prompt.
  ///   - limit: the maximum number of new tokens.
  mutating func apply(to logits: inout Tensor, texts: [[Int32]?], promptCounts: [Int], limit: Int) {
    guard areNeeded else { return }
    let vocabulary = logits.shape[1]
    logits.withUnsafeMutablePointer { pointer in
      for (row, text) in texts.enumerated() {
        guard let text else { continue }
        let logits = UnsafeMutableBufferPointer(start: pointer + row * vocabulary, count: vocabulary)
        apply(to: logits, text: text, written: text.count - promptCounts[row], limit: limit)
      }
    }
  }

  /// Changes the logits of the token after one text.
  ///
  /// - Parameters:
  ///   - logits: one for each token.
  ///   - text: the tokens so far.
  ///   - written: the number of tokens of the text that are new.
  ///   - limit: the maximum number of new tokens.
  mutating func apply(to logits: UnsafeMutableBufferPointer<Float>, text: [Int32], written: Int, limit: Int) {
    let s = settings
    func hide(_ token: Int32) { if logits.indices.contains(Int(token)) { logits[Int(token)] = -.infinity } }
    func force(_ token: Int32) {
      guard logits.indices.contains(Int(token)) else { return }
      logits.update(repeating: -.infinity)
      logits[Int(token)] = 0
    }

    if s.repetitionPenalty != 1 {
      forEachToken(of: text, below: logits.count) { token in
        let logit = logits[token]
        logits[token] = logit < 0 ? logit * s.repetitionPenalty : logit / s.repetitionPenalty
      }
    }
    if s.noRepeatNGramSize > 0 { forEachRepeat(in: text, of: s.noRepeatNGramSize, hide) }
    for word in s.badWords {
      // If a word that is only an end token were forbidden, the text could not end.
      if word.count == 1, s.endTokens.contains(word[0]) { continue }
      if text.suffix(word.count - 1).elementsEqual(word.dropLast()), let last = word.last { hide(last) }
    }
    if written < s.minimumNewTokens { s.endTokens.forEach(hide) }
    if written == 0, let first = s.forcedFirstToken { force(first) }
    if written == limit - 1, let last = s.forcedLastToken { force(last) }
    s.suppressedTokens.forEach(hide)
    // The first token is the first that is not forced.
    if written == (s.forcedFirstToken == nil ? 0 : 1) { s.suppressedFirstTokens.forEach(hide) }
    if s.renormalizesLogits { renormalize(logits) }
  }

  /// x − log Σ eˣ; nothing changes where all tokens are impossible.
  private func renormalize(_ logits: UnsafeMutableBufferPointer<Float>) {
    guard let greatest = logits.max(), greatest.isFinite else { return }
    let sum = logits.reduce(0) { $0 + exp(Double($1 - greatest)) }
    let logarithm = greatest + Float(log(sum))
    for token in logits.indices { logits[token] -= logarithm }
  }

  /// Calls `body` once for each token that occurs in the text.
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

  /// Calls `body` with each token that would complete an n-gram that the text already contains.
  private func forEachRepeat(in text: [Int32], of n: Int, _ body: (Int32) -> Void) {
    guard text.count >= n else { return }
    let beginning = text.suffix(n - 1)
    for start in 0...text.count - n where text[start..<start + n - 1].elementsEqual(beginning) {
      body(text[start + n - 1])
    }
  }
}
