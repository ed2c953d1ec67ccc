// DistilBERT: BERT at half the depth. Read first: ../BERT/BERT.swift. Read next: DistilBERT+Checkpoint.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A smaller BERT, distilled from the large one (Sanh et al., arXiv:1910.01108).
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─────┐
///   0 … T−1 ──── positionEmbedding ─(+)─ norm ─ dropout ─ TransformerBlock × layers ─ hidden states [B, T, C]
/// ```
///
/// It has half as many blocks as BERT, and neither token types nor a pooler.
public final class DistilBERT: TextEncoder {
  /// The sizes, as for BERT; `types` and `hasPooler` are not used.
  public let configuration: BERT.Configuration
  /// The token embedding, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// The position embedding, [context, width].
  public let positionEmbedding: LearnedPositions
  /// The norm of the sum of the embeddings.
  public let norm: LayerNorm
  /// Dropout applied to the normalized sum.
  public let dropout: Dropout
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]

  /// Creates a model with random weights.
  ///
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

  /// The embedding dimension.
  public var width: Int { configuration.width }

  /// The maximum number of tokens of a text.
  public var maximumLength: Int { configuration.contextLength }

  /// The normalized sum of token and position embeddings, [batch, length] → [batch, length, width].
  ///
  /// - Precondition: there are no types.
  public func embed(_ ids: IndexTensor, types: IndexTensor?, positions: IndexTensor?) -> Tensor {
    require(types == nil, "DistilBERT: token types, which it does not have")
    let places = positionEmbedding(TokenPositions(positions, length: ids.shape[1]))
    return dropout(norm(tokenEmbedding(ids) + places))
  }

  /// `input_ids`, `attention_mask`, `position_ids`.
  public func read(_ inputs: InputReader) throws(FileFormatError) -> TextEncoderInputs {
    let (c, each): (BERT.Configuration, [InputReader.Axis]) = (configuration, ["batch", "length"])
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: c.contextLength)], below: c.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", each, below: 2)
    let positions = inputs.optionalIndices("position_ids", each, below: c.contextLength)
    try inputs.check()
    return TextEncoderInputs(ids, positions: positions, tokens: tokens)
  }
}
