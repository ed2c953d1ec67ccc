// Decodes tokens to text while a model generates them. Read first: ../Decoders/TextDecoder.swift.

extension Tokenizer {
  /// A decoder for one token after another; see `StreamingDecoder`.
  ///
  /// - Parameters:
  ///   - prompt: the tokens that generation continues, whose text is already known; empty at the beginning of a text.
  ///   - skippingSpecialTokens: whether special tokens are omitted from the text.
  public func streamingDecoder(
    continuing prompt: [Int32] = [], skippingSpecialTokens: Bool = true
  ) -> StreamingDecoder {
    StreamingDecoder(self, continuing: prompt, skippingSpecialTokens: skippingSpecialTokens)
  }
}

/// Decodes tokens one by one; the concatenated results are the text of all tokens.
///
/// A character may consist of several tokens; it is returned with the last of them. The same token may be decoded to
/// "and" at the beginning of a text but to " and" elsewhere, so the decoder must know the prompt. (If byte tokens form
/// invalid UTF-8, decoding all tokens at once replaces the whole run, but streaming replaces only the invalid part.)
///
/// ```swift
/// var decoder = tokenizer.streamingDecoder(continuing: prompt)
/// for await id in try model.stream(prompt, settings: settings) { print(decoder.append(id), terminator: "") }
/// print(decoder.finish())
/// ```
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skips: Bool
  /// The tokens that the next text may depend on: all tokens since the last text but one was returned.
  private var pending: [Int32] = []
  /// The number of pending tokens whose text has been returned.
  private var told = 0
  /// The maximum number of pending tokens without a text.
  private static let mostSilentTokens = 32
  /// The number of prompt tokens that the text of the first new token may depend on.
  private static let surroundings = 8

  init(_ tokenizer: Tokenizer, continuing prompt: [Int32], skippingSpecialTokens: Bool) {
    (self.tokenizer, skips) = (tokenizer, skippingSpecialTokens)
    let known = prompt.filter { tokenizer.token(of: $0) != nil && !(skippingSpecialTokens && tokenizer.isSpecial($0)) }
    pending = known.suffix(StreamingDecoder.surroundings)
    told = pending.count
  }

  /// The text that another token completes; empty if a character is still incomplete.
  ///
  /// - Complexity: O(1)
  public mutating func append(_ id: Int32) -> String {
    if skips && tokenizer.isSpecial(id) || tokenizer.token(of: id) == nil { return "" }
    pending.append(id)
    return rest(isLast: false)
  }

  /// The text that was held back: the start of an incomplete character, as replacement characters.
  public mutating func finish() -> String { rest(isLast: true) }

  private mutating func rest(isLast: Bool) -> String {
    // The tokens before them are decoded as well, because a token's text depends on whether it comes first.
    let before = tokenizer.decode(pending[..<told], skippingSpecialTokens: skips).unicodeScalars
    let all = tokenizer.decode(pending, skippingSpecialTokens: skips).unicodeScalars
    guard all.count > before.count, isLast || all.last != "\u{FFFD}" || pending.count - told > 8 else {
      // Tokens without a text may go on forever, so only a limited number of them is decoded again each time.
      if pending.count - told > StreamingDecoder.mostSilentTokens { pending.remove(at: told) }
      return ""
    }
    let text = String(String.UnicodeScalarView(all.dropFirst(before.count)))
    // Tokens that have no text of their own are not enough context: the next token would be decoded as the first one.
    if !tokenizer.decode(pending[told...], skippingSpecialTokens: skips).isEmpty { pending.removeFirst(told) }
    told = pending.count
    return text
  }
}
