// From pieces back to text as transformers does it: special tokens as they are, what stands between them by SentencePiece.
// Read first: SentencePieceDecoder.swift. Read next: ../Loading/PieceTokenizer.swift.

/// Decodes the pieces between special tokens, each section for itself, and puts it all together.
struct SectionDecoder: TextDecoder {
  /// How a family puts sections and special tokens together.
  enum Style: Equatable, Sendable {
    /// A space before every section but the first few; none at the ends. One more may have been put before the text.
    case t5(addsSpace: Bool)
    /// As it is; in earlier versions with a space before a special token.
    case llama(addsSpace: Bool, isLegacy: Bool)
    /// A space behind every special token; none at the ends.
    case marian
    /// All as one; no spaces at the ends.
    case joined
  }

  let style: Style
  let pieces: SentencePieceDecoder
  /// Tokens that are no pieces of any text.
  let special: ByteStringTable
  /// Tokens that stand alone: what is around them is decoded apart, with spaces between.
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

  /// Without white space at the ends: Unicode's, and the four separators of ASCII.
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
