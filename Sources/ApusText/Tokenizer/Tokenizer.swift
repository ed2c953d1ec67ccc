// Text to tokens and back, as published models were trained with it. Read first: Encoding.swift.
// Read next: TokenizerPipeline.swift for what happens inside, ../Loading/Tokenizer+Loading.swift for the files.

/// A published model's tokenizer: normalization, words, subwords, special tokens.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: url)
/// let encoding = try tokenizer.encode("The quick brown fox")
/// encoding.ids                                    // [101, 1996, 4248, 2829, 4419, 102]
/// tokenizer.decode(encoding.ids)                  // "the quick brown fox"
/// ```
///
/// It gives the ids, tokens and offsets that Hugging Face's `tokenizers` gives for the same files. It can be used by
/// many threads at once.
public struct Tokenizer: Sendable {
  /// How encodings are cut; by default they are not, whatever the file says (`savedTruncation`).
  public var truncation: Truncation?
  /// How encodings are filled up; by default they are not, whatever the file says (`savedPadding`).
  public var padding: Padding?
  /// The truncation that the tokenizer's file was saved with.
  public let savedTruncation: Truncation?
  /// The padding that the tokenizer's file was saved with.
  public let savedPadding: Padding?
  /// Tokens that are found before the model sees the text.
  public let addedTokens: [AddedToken]
  /// The tokens that have a part to play, as far as the files name them.
  public let roles: TokenRoles

  let pipeline: TokenizerPipeline
  let postProcessor: (any PostProcessor)?
  let decoder: (any TextDecoder)?
  private let addedByID: [Int32: AddedToken]
  private let addedIDs: ByteStringTable
  /// Tokens of the model that stand for no text, and that no text is taken for.
  private let controlIDs: Set<Int32>
  /// The vocabulary of decoded texts, where it is not that of encoded ones.
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

  /// One more than the largest id.
  public var vocabularySize: Int {
    max(pipeline.model.vocabulary.size, Int(addedTokens.map(\.id).max() ?? -1) + 1)
  }

  /// The id of a token as the vocabulary spells it.
  public func id(of token: String) -> Int32? {
    let id = addedIDs.find(Array(token.utf8))
    return id >= 0 ? id : pipeline.model.vocabulary.id(of: token)
  }

  /// The token with this id, as the vocabulary spells it.
  public func token(of id: Int32) -> String? { addedByID[id]?.content ?? pipeline.model.vocabulary.token(of: id) }

  /// Whether decoding without special tokens leaves this one out.
  public func isSpecial(_ id: Int32) -> Bool {
    addedByID[id]?.isSpecial ?? controlIDs.contains(id)
  }

  // MARK: Encoding

  /// The tokens of a text, or of a pair of texts.
  ///
  /// - Parameters:
  ///   - pair: the second text, for models that compare two.
  ///   - addingSpecialTokens: whether the model's own tokens, such as `[CLS]` and `[SEP]`, are put around the texts'.
  /// - Complexity: near-linear in the text, whatever it is.
  /// - Throws: `truncation` cannot cut as it is asked to.
  public func encode(
    _ text: String, pair: String? = nil, addingSpecialTokens: Bool = true
  ) throws(TokenizerError) -> Encoding {
    var encodings = [try processed(text, pair: pair, addingSpecialTokens: addingSpecialTokens)]
    padding?.apply(to: &encodings)
    return encodings[0]
  }

  /// The tokens of several texts, filled up to one length if `padding` says so.
  ///
  /// - Throws: `truncation` cannot cut as it is asked to.
  public func encode(batch texts: [String], addingSpecialTokens: Bool = true) throws(TokenizerError) -> [Encoding] {
    var encodings: [Encoding] = []
    for text in texts {
      encodings.append(try processed(text, pair: nil, addingSpecialTokens: addingSpecialTokens))
    }
    padding?.apply(to: &encodings)
    return encodings
  }

  /// The tokens of several pairs of texts, filled up to one length if `padding` says so.
  ///
  /// - Throws: `truncation` cannot cut as it is asked to.
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

  /// The ids of a text alone: no special tokens, no truncation, no padding. The fastest way.
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

  /// The text of a list of tokens; ids that stand for nothing are passed over.
  ///
  /// - Complexity: O(tokens).
  public func decode(_ ids: some Sequence<Int32>, skippingSpecialTokens: Bool = true) -> String {
    let tokens = ids.compactMap { id -> String? in
      if skippingSpecialTokens, isSpecial(id) { return nil }
      guard let writtenVocabulary else { return token(of: id) }
      return addedByID[id]?.content ?? writtenVocabulary.token(of: id)
    }
    return decoder?.decode(tokens).joined() ?? tokens.joined(separator: " ")
  }
}

/// The ids of tokens with a part to play, nil where a model has none.
public struct TokenRoles: Equatable, Sendable {
  /// Begins a text: `<s>`.
  public var begin: Int32?
  /// Ends a text: `</s>`.
  public var end: Int32?
  /// Stands for what the vocabulary does not have.
  public var unknown: Int32?
  /// Fills short texts up.
  public var padding: Int32?
  /// Separates texts: `[SEP]`.
  public var separator: Int32?
  /// Begins what is classified: `[CLS]`.
  public var classifier: Int32?
  /// Hides a token that is to be guessed.
  public var mask: Int32?

  /// No roles.
  public init() {}
}
