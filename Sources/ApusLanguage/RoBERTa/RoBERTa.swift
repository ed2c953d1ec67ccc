// BERT, trained longer and on one task. Read first: ../BERT/BERT.swift. Read next: RoBERTa+Checkpoint.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A robustly optimized BERT (Liu et al., arXiv:1907.11692), and the multilingual XLM-RoBERTa (arXiv:1911.02116).
///
/// ```
///   ids [B, T] ─┬─ tokenEmbedding ───────────────────────────────┐
///               └─ count of tokens so far ─ positionEmbedding ──(+)─ norm ─ dropout ─ EncoderBlock × layers ─ [B, T, W]
///   0 ────────────────────────────────────── typeEmbedding ─────┘
/// ```
///
/// The blocks are BERT's. Positions count tokens only: padding has the padding token's number as its position, and the first
/// token the number after it, so that padding in front changes nothing. There is one kind of sentence.
public final class RoBERTa: TextEncoder {
  /// BERT's sizes; the context length counts the rows of the table, padding + 1 more than the longest text has tokens.
  public let configuration: BERT.Configuration
  /// The token that fills texts up, and the position it has.
  public let padding: Int
  /// Vectors of tokens, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// Vectors of positions, [context, width].
  public let positionEmbedding: Embedding
  /// Vectors of kinds of sentences, [types, width].
  public let typeEmbedding: Embedding
  /// Of the embeddings' sum.
  public let norm: LayerNorm
  /// Of the normalized sum.
  public let dropout: Dropout
  /// The stack.
  public let blocks: [EncoderBlock]
  /// One vector of a text, from its first token's; published models have none or never trained it.
  public let pooler: Linear?

  /// - Precondition: the width is a multiple of the heads; there is a padding token, whose number is a position.
  public init(_ configuration: BERT.Configuration) {
    self.configuration = configuration
    let c = configuration
    padding = c.padding ?? 1
    require(padding + 1 < c.contextLength, "RoBERTa: no position behind the padding token's, \(padding)")
    let normal = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: padding, initializer: normal)
    positionEmbedding = Embedding(c.contextLength, c.width, padding: padding, initializer: normal)
    typeEmbedding = Embedding(c.types, c.width, initializer: normal)
    norm = LayerNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
    blocks = c.makeBlocks(normal)
    pooler = c.hasPooler ? Linear(c.width, c.width, activation: .tanh, initializer: normal) : nil
  }

  /// Features of a token.
  public var width: Int { configuration.width }

  /// The most tokens of a text.
  public var longestText: Int { configuration.contextLength - padding - 1 }

  /// The positions of a batch's tokens: how many tokens stand up to each, above the padding token's number.
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

  /// The vectors of every depth: the embeddings, then each block's result.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], with at most context length − padding − 1 tokens a row.
  ///   - types: [batch, length]; nil: all of the first kind.
  ///   - positions: [batch, length]; nil: the count of tokens.
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  /// - Returns: layers + 1 tensors, [batch, length, width].
  public func hiddenStates(
    _ ids: IndexTensor, types: IndexTensor? = nil, positions: IndexTensor? = nil, tokens: IndexTensor? = nil
  ) -> [Tensor] {
    let mask = AttentionMask.padding(tokens)
    return blocks.states(from: embedded(ids, types: types, positions: positions)) { $1($0, mask: mask) }
  }

  /// What the first block reads, [batch, length, width].
  private func embedded(_ ids: IndexTensor, types: IndexTensor? = nil, positions: IndexTensor? = nil) -> Tensor {
    require(ids.shape.rank == 2, "RoBERTa: ids of shape \(ids.shape) (expected [batch, length])")
    let places = positionEmbedding(positions ?? self.positions(of: ids))
    let kinds = types.map { typeEmbedding($0) } ?? typeEmbedding(IndexTensor([0]))
    return dropout(norm(tokenEmbedding(ids) + kinds + places))
  }

  /// The last hidden vectors, [batch, length] → [batch, length, width].
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    let mask = AttentionMask.padding(tokens)
    return blocks.reduce(embedded(ids)) { $1($0, mask: mask) }
  }

  public func pooled(_ states: Tensor) -> Tensor? { pooler.map { $0(states.firstTokens) } }

  /// `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`.
  public func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor] {
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
    return hiddenStates(ids, types: types, positions: positions, tokens: tokens)
  }
}
