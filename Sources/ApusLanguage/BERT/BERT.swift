// BERT, the encoder that made pre-training common. Read first: ../Encoders/TextEncoder.swift.
// Read next: BERT+Checkpoint.swift, ../Encoders/MaskedLanguageModel.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// Bidirectional Encoder Representations from Transformers (Devlin et al., arXiv:1810.04805): a hidden state for each token,
/// computed from the whole text.
///
/// ```
///   ids [B, T] ──── tokenEmbedding ──┐
///   0 … T−1 ─────── positionEmbedding (+)─ norm ─ dropout ─ TransformerBlock × layers ─┬─ hidden states [B, T, C]
///   sentence 0, 1 ─ typeEmbedding ───┘                                                 └─ first ─ pooler, tanh ─ [B, C]
/// ```
///
/// The attention is not causal: each token sees all others, which helps to understand a text, but rules out generating one.
/// Weights are initialized normally with standard deviation 0.02.
public final class BERT: TextEncoder {
  /// The sizes of a BERT.
  public struct Configuration: Sendable, Equatable {
    /// The vocabulary size.
    public var vocabularySize: Int
    /// The maximum sequence length.
    public var contextLength: Int
    /// The number of token types, such as first and second sentence.
    public var types: Int
    /// The number of blocks.
    public var layers: Int
    /// The number of attention heads.
    public var heads: Int
    /// The embedding dimension (hidden size); a multiple of `heads`.
    public var width: Int
    /// The size inside the feed-forward networks.
    public var intermediateSize: Int
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// The probability of dropping an element of the embeddings and of each part's result in training.
    public var dropout: Float
    /// Added to the variances in the norms.
    public var epsilon: Float
    /// The padding token, whose embedding is not trained; nil: there is none.
    public var padding: Int?
    /// Whether there is a pooler, which computes a sentence embedding.
    public var hasPooler: Bool

    public init(
      vocabularySize: Int = 30_522, contextLength: Int = 512, types: Int = 2, layers: Int = 12, heads: Int = 12,
      width: Int = 768, intermediateSize: Int = 3_072, activation: Activation = .gelu, dropout: Float = 0.1,
      epsilon: Float = 1e-12, padding: Int? = 0, hasPooler: Bool = true
    ) {
      (self.vocabularySize, self.contextLength, self.types) = (vocabularySize, contextLength, types)
      (self.layers, self.heads, self.width, self.intermediateSize) = (layers, heads, width, intermediateSize)
      (self.activation, self.dropout, self.epsilon) = (activation, dropout, epsilon)
      (self.padding, self.hasPooler) = (padding, hasPooler)
    }

    /// BERT base, uncased: 109,482,240 parameters.
    public static let base = Configuration()
    /// BERT large, uncased: 335,141,888 parameters.
    public static let large = Configuration(layers: 24, heads: 16, width: 1_024, intermediateSize: 4_096)
    /// MiniLM, 6 layers of 384 (Wang et al., arXiv:2002.10957): 22,713,216 parameters.
    public static let miniLM = Configuration(layers: 6, width: 384, intermediateSize: 1_536)
  }

  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// The position embedding, [context, width].
  public let positionEmbedding: LearnedPositions
  /// The token type embedding, [types, width].
  public let typeEmbedding: Embedding
  /// The norm of the sum of the embeddings.
  public let norm: LayerNorm
  /// Dropout applied to the normalized sum.
  public let dropout: Dropout
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// Computes a sentence embedding from the hidden state of the first token; absent if the model has none.
  public let pooler: Linear?

  /// Creates a model with random weights.
  ///
  /// - Precondition: the width is a multiple of the heads.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let c = configuration
    let normal = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: c.padding, initializer: normal)
    positionEmbedding = LearnedPositions(c.contextLength, c.width)
    typeEmbedding = Embedding(c.types, c.width, initializer: normal)
    norm = LayerNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
    blocks = c.makeBlocks(normal)
    pooler = c.hasPooler ? Linear(c.width, c.width, activation: .tanh, initializer: normal) : nil
  }

  /// The embedding dimension.
  public var width: Int { configuration.width }

  /// The maximum number of tokens of a text.
  public var maximumLength: Int { configuration.contextLength }

  /// The normalized sum of token, position and type embeddings, [batch, length] → [batch, length, width].
  public func embed(_ ids: IndexTensor, types: IndexTensor?, positions: IndexTensor?) -> Tensor {
    let places = positionEmbedding(TokenPositions(positions, length: ids.shape[1]))
    // Without types there is one embedding for all tokens: a row, broadcast.
    let kinds = types.map { typeEmbedding($0) } ?? typeEmbedding(IndexTensor([0]))
    return dropout(norm(tokenEmbedding(ids) + (kinds + places)))
  }

  public func pooled(_ states: Tensor) -> Tensor? { pooler.map { $0(states.firstTokens) } }

  /// `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`.
  public func read(_ inputs: InputReader) throws(FileFormatError) -> TextEncoderInputs {
    let (c, each): (Configuration, [InputReader.Axis]) = (configuration, ["batch", "length"])
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: c.contextLength)], below: c.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", each, below: 2)
    let types = inputs.optionalIndices("token_type_ids", each, below: c.types)
    let positions = inputs.optionalIndices("position_ids", each, below: c.contextLength)
    try inputs.check()
    return TextEncoderInputs(ids, types: types, positions: positions, tokens: tokens)
  }
}

extension BERT.Configuration {
  /// The post-norm blocks that BERT, RoBERTa and DistilBERT share.
  func makeBlocks(_ initializer: Initializer) -> [TransformerBlock] {
    (0..<layers).map { _ in
      let block = TransformerBlock(
        width: width, heads: heads, intermediateSize: intermediateSize, activation: activation, epsilon: epsilon,
        dropout: dropout
      )
      block.initialize(initializer)
      return block
    }
  }
}

extension TransformerBlock {
  /// Draws all weight matrices again, and sets their biases to zero.
  func initialize(_ initializer: Initializer) {
    for layer in [attention.projection, attention.output, feedForward.expansion, feedForward.contraction] {
      guard let layer else { continue }
      layer.weight = initializer(layer.weight.shape)
      if let bias = layer.bias { layer.bias = Initializer.zeros(bias.shape) }
    }
  }
}
