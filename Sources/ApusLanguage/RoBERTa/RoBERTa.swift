// RoBERTa: BERT with another training and other positions. Read first: ../BERT/BERT.swift. Read next: RoBERTa+Checkpoint.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A robustly optimized BERT (Liu et al., arXiv:1907.11692), and the multilingual XLM-RoBERTa (arXiv:1911.02116).
///
/// ```
///   ids [B, T] ─┬─ tokenEmbedding ───────────────────────────────┐
///               └─ count of tokens so far ─ positionEmbedding ──(+)─ norm ─ dropout ─ TransformerBlock × layers ─ [B, T, C]
///   0 ────────────────────────────────────── typeEmbedding ─────┘
/// ```
///
/// The blocks are those of BERT. Positions count only real tokens: padding has the id of the padding token as its position, and
/// the first token the number after it, so that padding at the beginning changes nothing. There is one token type.
public final class RoBERTa: TextEncoder {
  /// The sizes, as for BERT; the context length is the number of rows of the position embedding, padding + 1 more than the
  /// maximum length of a text.
  public let configuration: BERT.Configuration
  /// The padding token, which is also the position of padding.
  public let padding: Int
  /// The token embedding, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// The position embedding, [context, width].
  public let positionEmbedding: Embedding
  /// The token type embedding, [types, width].
  public let typeEmbedding: Embedding
  /// The norm of the sum of the embeddings.
  public let norm: LayerNorm
  /// Dropout applied to the normalized sum.
  public let dropout: Dropout
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// Computes a sentence embedding from the hidden state of the first token; in published models it is absent or was never
  /// trained.
  public let pooler: Linear?

  /// Creates a model with random weights.
  ///
  /// - Precondition: the width is a multiple of the heads; there is a position after that of padding.
  public init(_ configuration: BERT.Configuration) {
    self.configuration = configuration
    let c = configuration
    padding = c.padding ?? 1
    require(padding + 1 < c.contextLength, "RoBERTa: no position after that of the padding token, \(padding)")
    let normal = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: padding, initializer: normal)
    positionEmbedding = Embedding(c.contextLength, c.width, padding: padding, initializer: normal)
    typeEmbedding = Embedding(c.types, c.width, initializer: normal)
    norm = LayerNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
    blocks = c.makeBlocks(normal)
    pooler = c.hasPooler ? Linear(c.width, c.width, activation: .tanh, initializer: normal) : nil
  }

  /// The embedding dimension.
  public var width: Int { configuration.width }

  /// The maximum number of tokens of a text.
  public var maximumLength: Int { configuration.contextLength - padding - 1 }

  /// The positions of the tokens in a batch: the count of real tokens so far, plus the id of the padding token.
  func positions(of ids: IndexTensor) -> IndexTensor {
    let length = ids.shape[1]
    var count: Int32 = 0
    let positions = ids.indices.enumerated().map { place, id -> Int32 in
      if place % length == 0 { count = 0 }
      if id == Int32(padding) { return Int32(padding) }
      count += 1
      return Int32(padding) + count
    }
    return IndexTensor(positions, shape: ids.shape)
  }

  /// The normalized sum of token, type and position embeddings, [batch, length] → [batch, length, width].
  public func embed(_ ids: IndexTensor, types: IndexTensor?, positions: IndexTensor?) -> Tensor {
    let places = positionEmbedding(positions ?? self.positions(of: ids))
    let kinds = types.map { typeEmbedding($0) } ?? typeEmbedding(IndexTensor([0]))
    return dropout(norm(tokenEmbedding(ids) + kinds + places))
  }

  public func pooled(_ states: Tensor) -> Tensor? { pooler.map { $0(states.firstTokens) } }

  /// `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`.
  public func read(_ inputs: InputReader) throws(FileFormatError) -> TextEncoderInputs {
    let (c, each): (BERT.Configuration, [InputReader.Axis]) = (configuration, ["batch", "length"])
    let ids = inputs.indices("input_ids", each, below: c.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", each, below: 2)
    let types = inputs.optionalIndices("token_type_ids", each, below: c.types)
    let positions = inputs.optionalIndices("position_ids", each, below: c.contextLength)
    let last = positions == nil && ids.shape.rank == 2 ? self.positions(of: ids).indices.max() ?? 0 : 0
    if Int(last) >= c.contextLength {
      inputs.note(
        "input_ids", expected: "at most \(c.contextLength - padding - 1) tokens a row",
        found: "\(Int(last) - padding)")
    }
    try inputs.check()
    return TextEncoderInputs(ids, types: types, positions: positions, tokens: tokens)
  }
}
