// The encoder that made pre-training common. Read first: ApusNN/Layers/EncoderBlock.swift.
// Read next: BERT+Checkpoint.swift, ../Encoders/MaskedLanguageModel.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// Bidirectional Encoder Representations from Transformers (Devlin et al., arXiv:1810.04805): a vector for every token of a
/// text, each made from the whole text.
///
/// ```
///   ids [B, T] ──── tokenEmbedding ──┐
///   0 … T−1 ─────── positionEmbedding (+)─ norm ─ dropout ─ EncoderBlock × layers ─┬─ hidden vectors [B, T, W]
///   sentence 0, 1 ─ typeEmbedding ───┘                                             └─ first ─ pooler, tanh ─ [B, W]
/// ```
///
/// A GPT's blocks see only what stands before; BERT's see everything, so it cannot write, but reads better. Its weights begin
/// normal with deviation 0.02.
public final class BERT: TextEncoder {
  /// Sizes.
  public struct Configuration: Sendable, Equatable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// The longest text.
    public var contextLength: Int
    /// Kinds of sentences that a text may have.
    public var types: Int
    /// Blocks.
    public var layers: Int
    /// Heads of each attention.
    public var heads: Int
    /// Features of a token; a multiple of `heads`.
    public var width: Int
    /// Features between the two layers of a feed-forward network.
    public var hidden: Int
    /// Of the feed-forward networks.
    public var activation: Activation
    /// In training, the probability of dropping an element of embeddings and of each part's result.
    public var dropout: Float
    /// Added to variances in the normalizations.
    public var epsilon: Float
    /// The token that fills texts up, whose vector is not trained.
    public var padding: Int?
    /// Whether there is a layer that makes one vector of a text.
    public var hasPooler: Bool

    public init(
      vocabularySize: Int = 30_522, contextLength: Int = 512, types: Int = 2, layers: Int = 12, heads: Int = 12,
      width: Int = 768, hidden: Int = 3_072, activation: Activation = .gelu, dropout: Float = 0.1,
      epsilon: Float = 1e-12, padding: Int? = 0, hasPooler: Bool = true
    ) {
      (self.vocabularySize, self.contextLength, self.types) = (vocabularySize, contextLength, types)
      (self.layers, self.heads, self.width, self.hidden) = (layers, heads, width, hidden)
      (self.activation, self.dropout, self.epsilon) = (activation, dropout, epsilon)
      (self.padding, self.hasPooler) = (padding, hasPooler)
    }

    /// BERT base, uncased: 109,482,240 parameters.
    public static let base = Configuration()
    /// BERT large, uncased: 335,141,888 parameters.
    public static let large = Configuration(layers: 24, heads: 16, width: 1_024, hidden: 4_096)
    /// MiniLM, 6 layers of 384 (Wang et al., arXiv:2002.10957): 22,713,216 parameters.
    public static let miniLM = Configuration(layers: 6, width: 384, hidden: 1_536)
  }

  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// Vectors of positions, [context, width].
  public let positionEmbedding: LearnedPositions
  /// Vectors of the first and the second sentence, [types, width].
  public let typeEmbedding: Embedding
  /// Of the embeddings' sum.
  public let norm: LayerNorm
  /// Of the normalized sum.
  public let dropout: Dropout
  /// The stack.
  public let blocks: [EncoderBlock]
  /// One vector of a text, from its first token's.
  public let pooler: Linear?

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

  /// Features of a token.
  public var width: Int { configuration.width }

  /// The most tokens of a text.
  public var longestText: Int { configuration.contextLength }

  /// The vectors of every depth: the embeddings, then each block's result.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], length at most the context length.
  ///   - types: [batch, length], which sentence a token belongs to; nil: all to the first.
  ///   - positions: [batch, length]; nil: 0, 1, 2, …
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
    require(ids.shape.rank == 2, "BERT: ids of shape \(ids.shape) (expected [batch, length])")
    let places = positions.map { positionEmbedding.weight.gathering($0) } ?? positionEmbedding(ids.shape[1])
    // Without types there is one vector for all: a row, broadcast.
    let kinds = types.map { typeEmbedding($0) } ?? typeEmbedding(IndexTensor([0]))
    return dropout(norm(tokenEmbedding(ids) + (kinds + places)))
  }

  /// The last hidden vectors, [batch, length] → [batch, length, width].
  ///
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · width for attention.
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    let mask = AttentionMask.padding(tokens)
    // The vectors of one block at a time: memory is used again, and stays in cache.
    return blocks.reduce(embedded(ids)) { $1($0, mask: mask) }
  }

  public func pooled(_ states: Tensor) -> Tensor? { pooler.map { $0(states.firstTokens) } }

  /// `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`.
  public func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor] {
    let (c, each): (Configuration, [InputReader.Axis]) = (configuration, ["batch", "length"])
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: c.contextLength)], below: c.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", each, below: 2)
    let types = inputs.optionalIndices("token_type_ids", each, below: c.types)
    let positions = inputs.optionalIndices("position_ids", each, below: c.contextLength)
    try inputs.check()
    return hiddenStates(ids, types: types, positions: positions, tokens: tokens)
  }
}

extension BERT.Configuration {
  /// The stack that BERT, RoBERTa and DistilBERT have.
  func makeBlocks(_ initializer: Initializer) -> [EncoderBlock] {
    (0..<layers).map { _ in
      let block = EncoderBlock(
        width: width, heads: heads, hidden: hidden, activation: activation, epsilon: epsilon, dropout: dropout)
      block.initialize(initializer)
      return block
    }
  }
}

extension EncoderBlock {
  /// Draws all matrices anew, and sets their biases to 0.
  func initialize(_ initializer: Initializer) {
    for layer in [attention.projection, attention.output, feedForward.expansion, feedForward.contraction] {
      guard let layer else { continue }
      layer.weight = initializer(layer.weight.shape)
      if let bias = layer.bias { layer.bias = Initializer.zeros(bias.shape) }
    }
  }
}
