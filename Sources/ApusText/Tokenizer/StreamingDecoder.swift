// Text from tokens while a model still writes. Read first: ../Decoding/TextDecoder.swift.

extension Tokenizer {
  /// Text from one token after the other; see `StreamingDecoder`.
  ///
  /// - Parameters:
  ///   - prompt: the tokens that are continued, whose text is known; empty where a text begins.
  ///   - skippingSpecialTokens: whether special tokens have no text.
  public func streamingDecoder(
    continuing prompt: [Int32] = [], skippingSpecialTokens: Bool = true
  ) -> StreamingDecoder {
    StreamingDecoder(self, continuing: prompt, skippingSpecialTokens: skippingSpecialTokens)
  }
}

/// Gives the text of tokens piece by piece, so that all pieces together are the text of all tokens.
///
/// A character may take several tokens; its text comes with the last of them. The same token begins a text as "and" but
/// continues one as " and", so a decoder has to know whether there is a prompt before it. (Where bytes that are tokens
/// make no UTF-8, decoding all at once replaces the whole run of them, a stream only what is wrong in it.)
///
/// ```swift
/// var decoder = tokenizer.streamingDecoder(continuing: prompt)
/// for await id in try model.stream(prompt, settings: settings) { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skips: Bool
  /// The tokens that the next text may depend on: those behind the last piece but one.
  private var pending: [Int32] = []
  /// How many of them have been told.
  private var told = 0
  /// So many tokens without a text are remembered.
  private static let mostSilentTokens = 32
  /// Tokens of a prompt that the text of the first new one may depend on.
  private static let surroundings = 8

  init(_ tokenizer: Tokenizer, continuing prompt: [Int32], skippingSpecialTokens: Bool) {
    (self.tokenizer, skips) = (tokenizer, skippingSpecialTokens)
    let known = prompt.filter { tokenizer.token(of: $0) != nil && !(skippingSpecialTokens && tokenizer.isSpecial($0)) }
    pending = known.suffix(StreamingDecoder.surroundings)
    told = pending.count
  }

  /// The text that another token completes; empty if a character is not yet whole.
  ///
  /// - Complexity: O(1).
  public mutating func append(_ id: Int32) -> String {
    if skips && tokenizer.isSpecial(id) || tokenizer.token(of: id) == nil { return "" }
    pending.append(id)
    return rest(isLast: false)
  }

  /// What was held back: the beginning of a character that never ended, as replacement characters.
  public mutating func finish() -> String { rest(isLast: true) }

  private mutating func rest(isLast: Bool) -> String {
    // Decoded with the tokens before them, because a token's text depends on whether it is the first.
    let before = tokenizer.decode(pending[..<told], skippingSpecialTokens: skips).unicodeScalars
    let all = tokenizer.decode(pending, skippingSpecialTokens: skips).unicodeScalars
    guard all.count > before.count, isLast || all.last != "\u{FFFD}" || pending.count - told > 8 else {
      // Tokens without a text may go on for ever; decoding them again and again must not.
      if pending.count - told > StreamingDecoder.mostSilentTokens { pending.remove(at: told) }
      return ""
    }
    let text = String(String.UnicodeScalarView(all.dropFirst(before.count)))
    // Behind tokens without a text, the next one would look like the first.
    if !tokenizer.decode(pending[told...], skippingSpecialTokens: skips).isEmpty { pending.removeFirst(told) }
    told = pending.count
    return text
  }
}
