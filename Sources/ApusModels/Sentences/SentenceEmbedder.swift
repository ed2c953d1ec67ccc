// One vector for a sentence, so that sentences of like meaning have like vectors.
// Read first: Pooling.swift, ../Encoders/TextEncoder.swift.

public import ApusData
import ApusNN
public import ApusTensor
public import Foundation

/// A sentence-transformers folder: an encoder, pooling, and vectors of length 1 (Reimers, Gurevych, arXiv:1908.10084).
///
/// ```
///   ids [B, T] ─ encoder ─ [B, T, W] ─ pooling ─ [B, W] ─ (dense) ─ x / |x| ─ [B, W]
/// ```
///
/// `modules.json` says what follows the encoder, `1_Pooling/config.json` how it pools, `sentence_bert_config.json` how long texts
/// may be. A folder without them is an encoder: its tokens' mean, normalized.
public struct SentenceEmbedder {
  /// From tokens to vectors.
  public let encoder: any TextEncoder
  /// How tokens become a text; the results of several are put side by side.
  public let pooling: [Pooling]
  /// Whether vectors get length 1.
  public let isNormalized: Bool
  /// The most tokens of a text, those around it included; nil: as many as the encoder takes.
  public let longestText: Int?

  /// - Precondition: there is a way to pool.
  public init(
    _ encoder: any TextEncoder, pooling: [Pooling] = [.mean], isNormalized: Bool = true, longestText: Int? = nil
  ) {
    require(!pooling.isEmpty, "SentenceEmbedder: no pooling")
    (self.encoder, self.pooling) = (encoder, pooling)
    (self.isNormalized, self.longestText) = (isNormalized, longestText)
  }

  /// Features of a text's vector.
  public var width: Int { encoder.width * pooling.count }

  /// The vectors of texts.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  /// - Returns: [batch, width]
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    let states = encoder(ids, tokens: tokens)
    let parts = pooling.map { $0(states, tokens: tokens) }
    let vectors = parts.count == 1 ? parts[0] : concatenated(parts, along: 1)
    return isNormalized ? vectors.normalizedToUnitLength() : vectors
  }

  /// The vectors of texts of any lengths, in their order.
  ///
  /// Texts of like length are computed together, so that little is computed for padding.
  ///
  /// - Parameters:
  ///   - texts: the tokens of each; the vector of a text without any is zero.
  ///   - progress: called after every batch with the number of texts done; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  /// - Precondition: no text is longer than the encoder takes.
  public func vectors(of texts: [[Int32]], progress: (Int) -> Bool = { _ in true }) -> Tensor? {
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
      let vectors = self(IndexTensor(ids, shape: shape), tokens: IndexTensor(tokens, shape: shape)).scalars
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

// MARK: Folders

extension SentenceEmbedder {
  /// The model in a folder of sentence-transformers, or of an encoder alone.
  ///
  /// - Throws: everything that is wrong with the encoder's files, or with those about pooling; a module that is not known.
  public init(contentsOf folder: URL) throws(FileFormatError) {
    let encoder = try SentenceEmbedder.encoder(folder)
    let plan = try Plan(folder)
    self.init(
      encoder, pooling: plan.pooling, isNormalized: plan.isNormalized,
      longestText: try SentenceEmbedder.longestText(folder))
  }

  /// The encoder, whatever head its configuration names.
  private static func encoder(_ folder: URL) throws(FileFormatError) -> any TextEncoder {
    let type = try ModelFolder(contentsOf: folder).modelType
    let bare = PublishedFamily.all.first { $0.modelType == type }?.heads.first { $0.name.hasSuffix("Model") }
    let loaded = try LoadedModel(contentsOf: folder, head: bare?.name)
    if let encoder = loaded.model as? any TextEncoder { return encoder }
    throw FileFormatError(
      path: folder.path, expected: "an encoder such as BERT", found: "a model of type \(loaded.modelType)")
  }

  private static func longestText(_ folder: URL) throws(FileFormatError) -> Int? {
    let url = folder.appendingPathComponent("sentence_bert_config.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    let file = try ConfigurationReader(contentsOf: url)
    let longest = file.optionalInteger("max_seq_length", in: 1...0x7FFF_FFFF)
    try file.check()
    return longest
  }

  /// What follows the encoder.
  private struct Plan {
    var pooling: [Pooling] = [.mean]
    var isNormalized = true

    init(_ folder: URL) throws(FileFormatError) {
      let modules = folder.appendingPathComponent("modules.json")
      var poolingFolder = "1_Pooling"
      if FileManager.default.fileExists(atPath: modules.path) {
        isNormalized = false
        for module in try ConfigurationReader.elements(of: modules) {
          let type = module.string("type") ?? ""
          switch type.split(separator: ".").last {
          case "Transformer": break
          case "Pooling": poolingFolder = module.string("path") ?? poolingFolder
          case "Normalize": isNormalized = true
          default: module.note("type", expected: "a Transformer, Pooling or Normalize module", found: "\"\(type)\"")
          }
          try module.check()
        }
      }
      let url = folder.appendingPathComponent(poolingFolder).appendingPathComponent("config.json")
      guard FileManager.default.fileExists(atPath: url.path) else { return }
      let file = try ConfigurationReader(contentsOf: url)
      pooling = Pooling.allCases.filter { file.flag($0.publishedName, default: false) }
      file.expect("pooling_mode_weightedmean_tokens", false)
      if pooling.isEmpty {
        file.note(Pooling.mean.publishedName, expected: "one of the ways to pool", found: "none that is known")
      }
      try file.check()
    }
  }
}
