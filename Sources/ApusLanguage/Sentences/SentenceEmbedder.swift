// One vector for a sentence, so that sentences of like meaning have like vectors.
// Read first: Pooling.swift, ../Encoders/TextEncoder.swift. Read next: SentenceEmbedder+Folder.swift.

import ApusBase
public import ApusNN
public import ApusTensor
import ApusText

/// A sentence-transformers model: an encoder, pooling, and layers behind it (Reimers, Gurevych, arXiv:1908.10084).
///
/// ```
///   ids [B, T] ─ encoder ─ [B, T, W] ─ pooling ─ [B, n·W] ─ layers, such as x / |x| ─ [B, width]
/// ```
public struct SentenceEmbedder {
  /// From tokens to vectors.
  public let encoder: any TextEncoder
  /// How tokens become a text; the results of several are put side by side.
  public let pooling: [Pooling]
  /// What follows the pooling.
  public let layers: [any Layer]
  /// Features of a text's vector.
  public let width: Int
  /// The most tokens of a text, those around it included; nil: as many as the encoder takes.
  public var longestText: Int?
  /// What texts are preceded by, so that the model knows what they are for.
  public var prompts = Prompts()
  /// Texts are read in lower case.
  public var lowercases = false

  /// - Parameters:
  ///   - encoder: from tokens to vectors.
  ///   - pooling: how tokens become a text.
  ///   - isNormalized: whether vectors get length 1.
  ///   - longestText: the most tokens of a text; nil: as many as the encoder takes.
  /// - Precondition: there is a way to pool.
  public init(
    _ encoder: any TextEncoder, pooling: [Pooling] = [.mean], isNormalized: Bool = true, longestText: Int? = nil
  ) {
    let layers: [any Layer] = isNormalized ? [UnitLength()] : []
    self.init(encoder, pooling: pooling, layers: layers, width: encoder.width * pooling.count)
    self.longestText = longestText
  }

  /// - Parameters:
  ///   - encoder: from tokens to vectors.
  ///   - pooling: how tokens become a text.
  ///   - layers: what follows, [batch, ways to pool · width of the encoder] → [batch, width].
  ///   - width: features of a text's vector.
  /// - Precondition: there is a way to pool.
  public init(_ encoder: any TextEncoder, pooling: [Pooling], layers: [any Layer], width: Int) {
    require(!pooling.isEmpty, "SentenceEmbedder: no pooling")
    (self.encoder, self.pooling, self.layers, self.width) = (encoder, pooling, layers, width)
  }

  /// Whether vectors have length 1.
  public var isNormalized: Bool { layers.last is UnitLength }

  /// The vectors of texts.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  ///   - skipped: how many tokens at the beginning of every text are read, but not pooled.
  /// - Returns: [batch, width]
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil, skipping skipped: Int = 0) -> Tensor {
    let states = encoder(ids, tokens: tokens)
    let parts = pooling.map { $0(states, tokens: tokens, skipping: skipped) }
    return layers.reduce(parts.count == 1 ? parts[0] : concatenated(parts, along: 1)) { $1($0) }
  }

  /// The vectors of texts of any lengths, in their order.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each; the vector of a text without any is zero.
  ///   - skipped: how many tokens at the beginning of every text are read, but not pooled.
  /// - Returns: [texts, width]
  /// - Precondition: no text is longer than the encoder takes.
  public func vectors(of texts: [[Int32]], skipping skipped: Int = 0) -> Tensor {
    vectors(of: texts, skipping: skipped) { _ in true } ?? Tensor.zeros([texts.count, width])
  }

  /// The same, for many texts: with a look at how far it is.
  ///
  /// Texts of like length are computed together, so that little is computed for padding.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each; the vector of a text without any is zero.
  ///   - skipped: how many tokens at the beginning of every text are read, but not pooled.
  ///   - progress: called after every batch with the number of texts done; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  /// - Precondition: no text is longer than the encoder takes.
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

  /// The positions of texts with these lengths, longest first, in batches of at most 1,024 places of which few are padding.
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
