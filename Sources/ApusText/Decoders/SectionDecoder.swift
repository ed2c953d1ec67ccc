// Decodes pieces as the transformers library does: special tokens are kept, and SentencePiece decodes the rest.
// Read first: SentencePieceDecoder.swift. Read next: ../Loading/PieceTokenizer.swift.

/// Decodes the sections between special tokens one by one and joins the results.
struct SectionDecoder: TextDecoder {
  /// The rule by which a model family joins sections and special tokens.
  enum Style: Equatable, Sendable {
    /// T5: a space before every section that a special token follows. White space at both ends is removed.
    /// `addsSpace`: encoding put a space before the text, which decoding removes.
    case t5(addsSpace: Bool)
    /// Llama: the sections as they are. The legacy version puts a space before a section that a special token follows.
    /// `addsSpace` as for T5.
    case llama(addsSpace: Bool, isLegacy: Bool)
    /// Marian: a space after every special token. White space at both ends is removed.
    case marian
    /// All tokens joined. White space at both ends is removed.
    case joined
  }

  let style: Style
  let pieces: SentencePieceDecoder
  /// Special tokens, which are not pieces of any text.
  let special: ByteStringTable
  /// Tokens that stand apart: the tokens between them are decoded separately, and spaces go between the results.
  let alone: ByteStringTable

  func decode(_ tokens: [String]) -> [String] {
    var parts: [String] = []
    var group: [String] = []
    for token in tokens {
      guard alone.find(token.utf8) >= 0 else {
        group.append(token)
        continue
      }
      if !group.isEmpty {
        let text = joined(group)
        if !text.isEmpty { parts.append(text) }
        group = []
      }
      parts.append(token)
    }
    if !group.isEmpty { parts.append(joined(group)) }
    return [parts.joined(separator: " ")]
  }

  private func joined(_ tokens: [String]) -> String {
    if style == .joined { return trimmed(spaced(tokens.joined())) }
    var tokens = tokens
    if addsSpace, let first = tokens.first, beginsWithSpace(first) {
      tokens[0] = String(first.unicodeScalars.dropFirst())
    }
    var result = ""
    var section: [String] = []
    var isAfterSpecial = false
    for (i, token) in tokens.enumerated() {
      guard special.find(token.utf8) >= 0 else {
        if case .llama(true, _) = style, isAfterSpecial, i == 1, !beginsWithSpace(token) { result += " " }
        section.append(token)
        isAfterSpecial = false
        continue
      }
      switch style {
      case .t5: if !isAfterSpecial { result += " " }
      case .llama(_, let isLegacy): if !isAfterSpecial, i > 0, isLegacy { result += " " }
      case .marian, .joined: break
      }
      result += pieces.decode(section).joined() + token
      if style == .marian { result += " " }
      section = []
      isAfterSpecial = true
    }
    result += pieces.decode(section).joined()
    if style == .marian { result = spaced(result) }
    if case .llama = style { return result }
    return trimmed(result)
  }

  private var addsSpace: Bool {
    switch style {
    case .t5(let addsSpace), .llama(let addsSpace, _): addsSpace
    case .marian, .joined: false
    }
  }

  private func beginsWithSpace(_ token: String) -> Bool { token.unicodeScalars.first == "\u{2581}" }

  private func spaced(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(scalar == "\u{2581}" ? " " : scalar) }
    return String(result)
  }

  /// Removes white space from both ends: Unicode's, and the four ASCII separators.
  private func trimmed(_ text: String) -> String {
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isSpace($0) }),
      let last = scalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(scalars[first...last])
  }
}
