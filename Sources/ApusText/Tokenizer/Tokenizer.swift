// Tokenizers of published models: text to tokens and back. Read first: Encoding.swift.
// Read next: TokenizerPipeline.swift for the steps, ../Loading/Tokenizer+Loading.swift for the files.

/// The tokenizer of a published model: normalization, pre-tokenization, a subword model, and special tokens.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: url)
/// let encoding = try tokenizer.encode("The quick brown fox")
/// encoding.ids                                    // [101, 1996, 4248, 2829, 4419, 102]
/// tokenizer.decode(encoding.ids)                  // "the quick brown fox"
/// ```
///
/// Ids, tokens and offsets are identical to those of Hugging Face's `tokenizers` library for the same files. A
/// tokenizer can be used by several threads at the same time.
public struct Tokenizer: Sendable {
  /// The truncation of encodings. By default there is none, even if the file specifies one (`savedTruncation`).
  public var truncation: Truncation?
  /// The padding of encodings. By default there is none, even if the file specifies one (`savedPadding`).
  public var padding: Padding?
  /// The truncation that the tokenizer file specifies.
  public let savedTruncation: Truncation?
  /// The padding that the tokenizer file specifies.
  public let savedPadding: Padding?
  /// The tokens that are found in a text before the model sees it.
  public let addedTokens: [AddedToken]
  /// The tokens with special roles, as far as the files name them.
  public let roles: TokenRoles

  let pipeline: TokenizerPipeline
  let postProcessor: (any PostProcessor)?
  let decoder: (any TextDecoder)?
  private let addedByID: [Int32: AddedToken]
  private let addedIDs: ByteStringTable
  /// Model tokens that represent no text and are never found in a text.
  private let controlIDs: Set<Int32>
  /// The vocabulary for decoding, if it differs from that for encoding.
  private let writtenVocabulary: Vocabulary?

  init(
    pipeline: TokenizerPipeline, postProcessor: (any PostProcessor)?, decoder: (any TextDecoder)?,
    addedTokens: [AddedToken], roles: TokenRoles, savedTruncation: Truncation? = nil, savedPadding: Padding? = nil,
    controlIDs: Set<Int32> = [], writtenVocabulary: Vocabulary? = nil
  ) {
    (self.pipeline, self.postProcessor, self.decoder) = (pipeline, postProcessor, decoder)
    (self.addedTokens, self.roles) = (addedTokens, roles)
    (self.savedTruncation, self.savedPadding) = (savedTruncation, savedPadding)
    addedByID = Dictionary(addedTokens.map { ($0.id, $0) }) { _, new in new }
    var addedIDs = ByteStringTable(capacity: addedTokens.count)
    for token in addedTokens { addedIDs.insert(Array(token.content.utf8), value: token.id) }
    self.addedIDs = addedIDs
    (self.controlIDs, self.writtenVocabulary) = (controlIDs, writtenVocabulary)
  }

  // MARK: Vocabulary

  /// The largest id plus one.
  public var vocabularySize: Int {
    max(pipeline.model.vocabulary.size, Int(addedTokens.map(\.id).max() ?? -1) + 1)
  }

  /// The id of a token in the spelling of the vocabulary.
  public func id(of token: String) -> Int32? {
    let id = addedIDs.find(Array(token.utf8))
    return id >= 0 ? id : pipeline.model.vocabulary.id(of: token)
  }

  /// The token with this id, in the spelling of the vocabulary.
  public func token(of id: Int32) -> String? { addedByID[id]?.content ?? pipeline.model.vocabulary.token(of: id) }

  /// Whether a token is omitted when decoding skips special tokens.
  public func isSpecial(_ id: Int32) -> Bool {
    addedByID[id]?.isSpecial ?? controlIDs.contains(id)
  }

  // MARK: Encoding

  /// The tokens of a text or of a pair of texts.
  ///
  /// - Parameters:
  ///   - text: the text, or the first text of the pair.
  ///   - pair: the second text, for models that compare two.
  ///   - addingSpecialTokens: whether the model's special tokens, such as `[CLS]` and `[SEP]`, are added.
  /// - Complexity: nearly linear in the length of any text.
  /// - Throws: if `truncation` cannot be applied.
  public func encode(
    _ text: String, pair: String? = nil, addingSpecialTokens: Bool = true
  ) throws(TokenizerError) -> Encoding {
    var encodings = [try processed(text, pair: pair, addingSpecialTokens: addingSpecialTokens)]
    padding?.apply(to: &encodings)
    return encodings[0]
  }

  /// The tokens of several texts, padded to one length if `padding` is set.
  ///
  /// - Throws: if `truncation` cannot be applied.
  public func encode(batch texts: [String], addingSpecialTokens: Bool = true) throws(TokenizerError) -> [Encoding] {
    var encodings: [Encoding] = []
    for text in texts {
      encodings.append(try processed(text, pair: nil, addingSpecialTokens: addingSpecialTokens))
    }
    padding?.apply(to: &encodings)
    return encodings
  }

  /// The tokens of several pairs of texts, padded to one length if `padding` is set.
  ///
  /// - Throws: if `truncation` cannot be applied.
  public func encode(
    batch pairs: [(String, String)], addingSpecialTokens: Bool = true
  ) throws(TokenizerError) -> [Encoding] {
    var encodings: [Encoding] = []
    for (first, second) in pairs {
      encodings.append(try processed(first, pair: second, addingSpecialTokens: addingSpecialTokens))
    }
    padding?.apply(to: &encodings)
    return encodings
  }

  /// The token ids of a text without special tokens, truncation and padding. This is the fastest method.
  public func ids(of text: String) -> [Int32] { pipeline.ids(text) }

  private func processed(
    _ text: String, pair: String?, addingSpecialTokens: Bool
  ) throws(TokenizerError) -> Encoding {
    var encodings = [pipeline.encode(text, sequence: 0)]
    if let pair { encodings.append(pipeline.encode(pair, sequence: 1)) }
    let added = addingSpecialTokens ? postProcessor?.addedCount(isPair: pair != nil) ?? 0 : 0
    try truncation?.apply(to: &encodings, added: added)
    if let postProcessor {
      encodings = postProcessor.process(encodings, addingSpecialTokens: addingSpecialTokens)
    }
    var result = encodings.first ?? Encoding()
    for encoding in encodings.dropFirst() { result.append(encoding) }
    return result
  }

  // MARK: Decoding

  /// The text of a sequence of tokens; ids that are not in the vocabulary are skipped.
  ///
  /// - Complexity: O(tokens)
  public func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool = true) -> String {
    let tokens = ids.compactMap { id -> String? in
      if skippingSpecialTokens, isSpecial(id) { return nil }
      guard let writtenVocabulary else { return token(of: id) }
      return addedByID[id]?.content ?? writtenVocabulary.token(of: id)
    }
    return decoder?.decode(tokens).joined() ?? tokens.joined(separator: " ")
  }
}

/// The ids of tokens with special roles; nil where a model has none.
public struct TokenRoles: Equatable, Sendable {
  /// The token at the beginning of a text, such as `<s>`.
  public var begin: Int32?
  /// The token at the end of a text, such as `</s>`.
  public var end: Int32?
  /// The token for text that is not in the vocabulary.
  public var unknown: Int32?
  /// The padding token.
  public var padding: Int32?
  /// The separator between texts, such as `[SEP]`.
  public var separator: Int32?
  /// The token at the beginning of an input for classification, such as `[CLS]`.
  public var classifier: Int32?
  /// The mask token, which hides a token that the model is to predict.
  public var mask: Int32?

  /// No roles.
  public init() {}
}
