// The result of tokenizing a text. Read next: Tokenizer.swift, Truncation.swift, Padding.swift.

/// The tokens of a text or of a pair of texts, with the other inputs of models; every array has one element per token.
public struct Encoding: Equatable, Sendable {
  /// The id of each token in the vocabulary.
  public internal(set) var ids: [Int32] = []
  /// The tokens as the vocabulary spells them. For a piece that is unknown to a unigram model, the text itself.
  public internal(set) var tokens: [String] = []
  /// The range of each token in its text, in Unicode scalars; 0..<0 for special tokens.
  public internal(set) var offsets: [Range<Int>] = []
  /// The segment of each token, which BERT calls the token type.
  public internal(set) var typeIds: [Int32] = []
  /// 1 for tokens, 0 for padding tokens.
  public internal(set) var attentionMask: [Int32] = []
  /// 1 for special tokens, including padding tokens, and 0 for tokens of the text.
  public internal(set) var specialTokensMask: [Int32] = []
  /// The text that each token comes from: 0, or 1 for the second of a pair; nil for special tokens.
  public internal(set) var sequences: [Int?] = []
  /// The tokens that truncation cut off, as further encodings.
  public internal(set) var overflowing: [Encoding] = []

  init() {}

  /// An encoding of special tokens, which come from no text.
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

  /// The tokens in a range, without the overflowing parts.
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

  /// Sets the segment of all tokens; overflowing parts keep theirs.
  mutating func setTypeId(_ typeId: Int32) { typeIds = [Int32](repeating: typeId, count: count) }

  /// Appends the tokens of another encoding.
  ///
  /// Overflowing parts are combined: each part of this encoding with the other encoding and each of its parts, and this
  /// encoding with each part of the other.
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
