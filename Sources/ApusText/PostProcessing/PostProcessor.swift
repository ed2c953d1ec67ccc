// Post-processors, which add special tokens to encodings. Read first: ../Tokenizer/Encoding.swift.
// Read next: ../Tokenizer/Tokenizer.swift.

/// Completes the encodings of a text or of a pair of texts.
protocol PostProcessor: Sendable {
  /// Receives the parts of an encoding in order, and returns the new parts, which are concatenated at the end.
  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding]

  /// The number of special tokens that are added to a single text or to a pair.
  func addedCount(isPair: Bool) -> Int
}

/// Applies several post-processors in order.
struct PostProcessorSequence: PostProcessor {
  let steps: [any PostProcessor]

  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding] {
    steps.reduce(encodings) { $1.process($0, addingSpecialTokens: addingSpecialTokens) }
  }

  func addedCount(isPair: Bool) -> Int { steps.reduce(0) { $0 + $1.addedCount(isPair: isPair) } }
}

/// Removes white space at the ends of tokens from their offsets.
struct OffsetTrimmer: PostProcessor {
  /// Whether a space was inserted before the text; that space has no offset.
  let hasPrefixSpace: Bool

  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding] {
    encodings.map { encoding in
      var result = encoding
      trim(&result)
      return result
    }
  }

  func addedCount(isPair: Bool) -> Int { 0 }

  private func trim(_ encoding: inout Encoding) {
    for i in encoding.overflowing.indices { trim(&encoding.overflowing[i]) }
    for i in encoding.tokens.indices {
      let token = encoding.tokens[i]
      guard OffsetTrimmer.mayBeginOrEndWithSpace(token) else { continue }
      var leading = token.unicodeScalars.prefix { OffsetTrimmer.isSpace($0) }.count
      let trailing = token.unicodeScalars.reversed().prefix { OffsetTrimmer.isSpace($0) }.count
      var (start, end) = (encoding.offsets[i].lowerBound, encoding.offsets[i].upperBound)
      if leading > 0 {
        // If there is more than one leading space, none of them was inserted.
        if hasPrefixSpace, leading == 1, i == 0 || start == 0 { leading = 0 }
        start = min(start + leading, end)
      }
      if trailing > 0, end >= trailing { end = max(end - trailing, start) }
      encoding.offsets[i] = start..<end
    }
  }

  @inline(__always)
  private static func mayBeginOrEndWithSpace(_ token: String) -> Bool {
    // Most tokens begin and end with letters or ASCII punctuation.
    guard let first = token.utf8.first, let last = token.utf8.last else { return false }
    return first <= 0x20 || first >= 0x80 || last <= 0x20 || last >= 0x80
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value == ByteAlphabet.scalars[0x20] || scalar.properties.isWhitespace
  }
}

/// Builds `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, or RoBERTa's `<s> A </s></s> B </s>`.
struct ClassifierFrame: PostProcessor {
  let start: (id: Int32, token: String)
  let separator: (id: Int32, token: String)
  /// Whether the separator between two texts is doubled and all tokens have type id 0.
  let isRoberta: Bool

  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding] {
    var encodings = encodings
    if isRoberta { for i in encodings.indices { encodings[i].setTypeId(0) } }
    guard addingSpecialTokens else { return encodings }
    return encodings.enumerated().map { index, encoding in
      var framed = frame(encoding, index)
      framed.overflowing = encoding.overflowing.map { frame($0, index) }
      return framed
    }
  }

  private func frame(_ encoding: Encoding, _ index: Int) -> Encoding {
    let typeId: Int32 = isRoberta ? 0 : Int32(index)
    var middle = encoding
    middle.overflowing = []
    middle.setTypeId(typeId)
    var result = Encoding(special: index == 0 ? [start] : isRoberta ? [separator] : [], typeId: typeId)
    result.append(middle)
    result.append(Encoding(special: [separator], typeId: typeId))
    return result
  }

  func addedCount(isPair: Bool) -> Int { isPair ? (isRoberta ? 4 : 3) : 2 }
}

/// Arranges texts and special tokens as a template in the file specifies.
struct Template: PostProcessor {
  enum Part: Sendable {
    /// The text with this index: 0, or 1 for the second text of a pair.
    case text(Int, typeId: Int32)
    case special([(id: Int32, token: String)], typeId: Int32)
  }

  let single: [Part]
  let pair: [Part]

  /// A template with a token before and one after every text; nil if there are none.
  static func around(before: (id: Int32, token: String)?, behind: (id: Int32, token: String)?) -> Template? {
    let (first, last) = (
      before.map { [Part.special([$0], typeId: 0)] } ?? [], behind.map { [Part.special([$0], typeId: 0)] } ?? []
    )
    if first.isEmpty, last.isEmpty { return nil }
    let single = first + [.text(0, typeId: 0)] + last
    return Template(single: single, pair: single + first + [.text(1, typeId: 0)] + last)
  }

  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding] {
    (encodings.count == 1 ? single : pair).compactMap { part in
      switch part {
      case .text(let index, let typeId):
        guard index < encodings.count else { return nil }
        var encoding = encodings[index]
        encoding.setTypeId(typeId)
        return encoding
      case .special(let tokens, let typeId):
        return addingSpecialTokens ? Encoding(special: tokens, typeId: typeId) : nil
      }
    }
  }

  func addedCount(isPair: Bool) -> Int {
    (isPair ? pair : single).reduce(0) { count, part in
      if case .special(let tokens, _) = part { count + tokens.count } else { count }
    }
  }
}
