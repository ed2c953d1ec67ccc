// What a tokenizer makes of a text. Read next: Tokenizer.swift, Truncation.swift, Padding.swift.

/// The tokens of a text or a pair of texts, with all that models ask for about them; everything has one element a token.
public struct Encoding: Equatable, Sendable {
  /// The number of each token in the vocabulary.
  public internal(set) var ids: [Int32] = []
  /// The tokens as the vocabulary spells them; a piece that a Unigram model does not know, as the text spells it.
  public internal(set) var tokens: [String] = []
  /// The part of its text that each token stands for, in Unicode scalars; empty at 0 for special tokens.
  public internal(set) var offsets: [Range<Int>] = []
  /// The number of the segment, which BERT calls the token type.
  public internal(set) var typeIds: [Int32] = []
  /// 1 for tokens, 0 for padding.
  public internal(set) var attentionMask: [Int32] = []
  /// 1 for tokens that were added to the text's own, padding among them.
  public internal(set) var specialTokensMask: [Int32] = []
  /// The text that each token is from: 0, 1 for the second of a pair, nil for added tokens.
  public internal(set) var sequences: [Int?] = []
  /// What truncation has cut off, in further encodings of the same kind.
  public internal(set) var overflowing: [Encoding] = []

  init() {}

  /// Tokens that no text contains.
  init(special tokens: [(id: Int32, token: String)], typeId: Int32) {
    ids = tokens.map(\.id)
    self.tokens = tokens.map(\.token)
    offsets = tokens.map { _ in 0..<0 }
    typeIds = tokens.map { _ in typeId }
    attentionMask = tokens.map { _ in 1 }
    specialTokensMask = tokens.map { _ in 1 }
    sequences = tokens.map { _ in nil }
  }

  /// The number of tokens.
  public var count: Int { ids.count }

  /// The tokens from `range`, without what overflows.
  func part(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.ids = Array(ids[range])
    part.tokens = Array(tokens[range])
    part.offsets = Array(offsets[range])
    part.typeIds = Array(typeIds[range])
    part.attentionMask = Array(attentionMask[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    part.sequences = Array(sequences[range])
    return part
  }

  /// Gives all tokens the same segment; overflowing parts keep theirs.
  mutating func setTypeId(_ typeId: Int32) { typeIds = [Int32](repeating: typeId, count: count) }

  /// Appends the tokens of another encoding.
  ///
  /// What overflows combines: every part of this one with the other and each part of it, and this one with each part of
  /// the other.
  mutating func append(_ other: Encoding) {
    var combined: [Encoding] = []
    for part in overflowing {
      for end in [other] + other.overflowing {
        var whole = part
        whole.appendTokens(of: end)
        combined.append(whole)
      }
    }
    for end in other.overflowing {
      var whole = self
      whole.appendTokens(of: end)
      whole.overflowing = []
      combined.append(whole)
    }
    appendTokens(of: other)
    overflowing = combined
  }

  private mutating func appendTokens(of other: Encoding) {
    ids += other.ids
    tokens += other.tokens
    offsets += other.offsets
    typeIds += other.typeIds
    attentionMask += other.attentionMask
    specialTokensMask += other.specialTokensMask
    sequences += other.sequences
  }
}
