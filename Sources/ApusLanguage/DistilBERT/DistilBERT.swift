// BERT at half the depth. Read first: ../BERT/BERT.swift. Read next: DistilBERT+Checkpoint.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A smaller BERT that learned to answer as the large one does (Sanh et al., arXiv:1910.01108).
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─────┐
///   0 … T−1 ──── positionEmbedding ─(+)─ norm ─ dropout ─ EncoderBlock × layers ─ hidden vectors [B, T, W]
/// ```
///
/// Every second block of BERT, without kinds of sentences and without the pooler.
public final class DistilBERT: TextEncoder {
  /// BERT's sizes; `types` and `hasPooler` mean nothing here.
  public let configuration: BERT.Configuration
  /// Vectors of tokens, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// Vectors of positions, [context, width].
  public let positionEmbedding: LearnedPositions
  /// Of the embeddings' sum.
  public let norm: LayerNorm
  /// Of the normalized sum.
  public let dropout: Dropout
  /// The stack.
  public let blocks: [EncoderBlock]

  /// - Precondition: the width is a multiple of the heads.
  public init(_ configuration: BERT.Configuration) {
    self.configuration = configuration
    let c = configuration
    let normal = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: c.padding, initializer: normal)
    positionEmbedding = LearnedPositions(c.contextLength, c.width)
    norm = LayerNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
    blocks = c.makeBlocks(normal)
  }

  /// Features of a token.
  public var width: Int { configuration.width }

  /// The most tokens of a text.
  public var longestText: Int { configuration.contextLength }

  /// The vectors of every depth: the embeddings, then each block's result.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], length at most the context length.
  ///   - positions: [batch, length]; nil: 0, 1, 2, …
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  /// - Returns: layers + 1 tensors, [batch, length, width].
  public func hiddenStates(
    _ ids: IndexTensor, positions: IndexTensor? = nil, tokens: IndexTensor? = nil
  ) -> [Tensor] {
    let mask = AttentionMask.padding(tokens)
    return blocks.states(from: embedded(ids, positions: positions)) { $1($0, mask: mask) }
  }

  /// What the first block reads, [batch, length, width].
  private func embedded(_ ids: IndexTensor, positions: IndexTensor? = nil) -> Tensor {
    require(ids.shape.rank == 2, "DistilBERT: ids of shape \(ids.shape) (expected [batch, length])")
    let places = positions.map { positionEmbedding.weight.gathering($0) } ?? positionEmbedding(ids.shape[1])
    return dropout(norm(tokenEmbedding(ids) + places))
  }

  /// The last hidden vectors, [batch, length] → [batch, length, width].
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    let mask = AttentionMask.padding(tokens)
    return blocks.reduce(embedded(ids)) { $1($0, mask: mask) }
  }

  /// `input_ids`, `attention_mask`, `position_ids`.
  public func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor] {
    let (c, each): (BERT.Configuration, [InputReader.Axis]) = (configuration, ["batch", "length"])
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: c.contextLength)], below: c.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", each, below: 2)
    let positions = inputs.optionalIndices("position_ids", each, below: c.contextLength)
    try inputs.check()
    return hiddenStates(ids, positions: positions, tokens: tokens)
  }
}
