// Sentence embeddings: one vector for each text, such that texts of similar meaning have similar vectors.
// Read first: SentencePooling.swift, ../Encoders/TextEncoder.swift. Read next: SentenceEmbedder+Folder.swift.

import ApusBase
public import ApusNN
public import ApusTensor
import ApusText

/// A model of sentence-transformers: an encoder, pooling, and further layers (Reimers, Gurevych, arXiv:1908.10084).
///
/// ```
///   ids [B, T] ─ encoder ─ [B, T, C] ─ pooling ─ [B, n·C] ─ layers, such as x / |x| ─ [B, width]
/// ```
public struct SentenceEmbedder {
  /// The encoder.
  public let encoder: any TextEncoder
  /// How hidden states are pooled; the results of several methods are concatenated.
  public let pooling: [SentencePooling]
  /// The layers after the pooling.
  public let layers: [any Layer]
  /// The size of a sentence embedding.
  public let width: Int
  /// The maximum number of tokens of a text, including special tokens; nil: as many as the encoder takes.
  public var maximumLength: Int?
  /// Prefixes of texts that tell the model their purpose.
  public var prompts = Prompts()
  /// Whether texts are converted to lowercase.
  public var lowercases = false

  /// - Parameters:
  ///   - encoder: the encoder.
  ///   - pooling: how hidden states are pooled.
  ///   - isNormalized: whether embeddings are normalized to length 1.
  ///   - maximumLength: the maximum number of tokens of a text; nil: as many as the encoder takes.
  /// - Precondition: there is at least one pooling method.
  public init(
    _ encoder: any TextEncoder, pooling: [SentencePooling] = [.mean], isNormalized: Bool = true,
    maximumLength: Int? = nil
  ) {
    let layers: [any Layer] = isNormalized ? [UnitLength()] : []
    self.init(encoder, pooling: pooling, layers: layers, width: encoder.width * pooling.count)
    self.maximumLength = maximumLength
  }

  /// - Parameters:
  ///   - encoder: the encoder.
  ///   - pooling: how hidden states are pooled.
  ///   - layers: the layers after the pooling, [batch, pooling methods · width of the encoder] → [batch, width].
  ///   - width: the size of a sentence embedding.
  /// - Precondition: there is at least one pooling method.
  public init(_ encoder: any TextEncoder, pooling: [SentencePooling], layers: [any Layer], width: Int) {
    require(!pooling.isEmpty, "SentenceEmbedder: no pooling")
    (self.encoder, self.pooling, self.layers, self.width) = (encoder, pooling, layers, width)
  }

  /// Whether embeddings are normalized to length 1.
  public var isNormalized: Bool { layers.last is UnitLength }

  /// The sentence embeddings of a batch.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  ///   - skipped: the number of tokens at the beginning of each text that are read but not pooled.
  /// - Returns: [batch, width]
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil, skipping skipped: Int = 0) -> Tensor {
    let states = encoder(ids, tokens: tokens)
    let parts = pooling.map { $0(states, tokens: tokens, skipping: skipped) }
    return layers.reduce(parts.count == 1 ? parts[0] : concatenated(parts, along: 1)) { $1($0) }
  }

  /// The sentence embeddings of texts of any lengths, in their order.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each text; the embedding of an empty text is zero.
  ///   - skipped: the number of tokens at the beginning of each text that are read but not pooled.
  /// - Returns: [texts, width]
  /// - Precondition: no text exceeds the maximum length of the encoder.
  public func vectors(of texts: [[Int32]], skipping skipped: Int = 0) -> Tensor {
    vectors(of: texts, skipping: skipped) { _ in true } ?? Tensor.zeros([texts.count, width])
  }

  /// The sentence embeddings of many texts, with progress reports.
  ///
  /// Texts of similar length form a batch, so that little time is spent on padding.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each text; the embedding of an empty text is zero.
  ///   - skipped: the number of tokens at the beginning of each text that are read but not pooled.
  ///   - progress: called after each batch with the number of finished texts; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  /// - Precondition: no text exceeds the maximum length of the encoder.
  public func vectors(
    of texts: [[Int32]], skipping skipped: Int = 0, progress: (Int) -> Bool
  ) -> Tensor? {
    var rows = [Float](repeating: 0, count: texts.count * width)
    var done = texts.count { $0.isEmpty }
    for batch in SentenceEmbedder.batches(texts.map(\.count)) where !texts[batch[0]].isEmpty {
      let length = texts[batch[0]].count
      var (ids, tokens): ([Int32], [Int32]) = ([], [])
      for text in batch.map({ texts[$0] }) {
        let padding = [Int32](repeating: 0, count: length - text.count)
        ids += text + padding
        tokens += text.map { _ in 1 } + padding
      }
      let shape = Shape([batch.count, length])
      let present = IndexTensor(tokens, shape: shape)
      let vectors = self(IndexTensor(ids, shape: shape), tokens: present, skipping: skipped).scalars
      for (row, text) in batch.enumerated() {
        rows.replaceSubrange(text * width..<(text + 1) * width, with: vectors[row * width..<(row + 1) * width])
      }
      done += batch.count
      if !progress(done) { return nil }
    }
    return Tensor(rows, shape: [texts.count, width])
  }

  /// The indices of texts with these lengths, longest first, in batches of at most 1,024 tokens with little padding.
  static func batches(_ lengths: [Int]) -> [[Int]] {
    let order = lengths.indices.sorted { (lengths[$0], $1) > (lengths[$1], $0) }
    var batches: [[Int]] = []
    for text in order {
      if let longest = batches.last?.first.map({ lengths[$0] }), let count = batches.last?.count,
        (count + 1) * longest <= 1_024, lengths[text] * 4 >= longest * 3
      {
        batches[batches.count - 1].append(text)
      } else {
        batches.append([text])
      }
    }
    return batches
  }
}
