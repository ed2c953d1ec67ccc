// The decoder-only Transformer. Read first: ../Decoders/DecoderOnlyTransformer.swift, ApusNN/Layers/TransformerBlock.swift.
// Read next: GPT+Generation.swift, GPT+Checkpoint.swift.

import ApusBase
import ApusGeneration
public import ApusNN
public import ApusTensor

/// GPT-2, a language model that predicts the next token from all tokens before it.
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─(+)─ dropout ─ TransformerBlock × layers ─ finalNorm ─ tokenEmbeddingᵀ ─ logits [B, T, V]
///   0 … T−1 ─── positionEmbedding ┘
/// ```
///
/// The architecture is that of Radford et al. 2019, "Language Models are Unsupervised Multitask Learners": pre-norm blocks,
/// learned position embeddings, and an output layer that is tied to the token embedding. Weights are initialized normally
/// with standard deviation 0.02; those of the layers that write to the residual path are divided by √(2 · layers).
public final class GPT: DecoderOnlyTransformer {
  /// The sizes of a GPT.
  public struct Configuration: Sendable, Equatable, Codable {
    /// The vocabulary size.
    public var vocabularySize: Int
    /// The maximum sequence length.
    public var contextLength: Int
    /// The number of blocks.
    public var layers: Int
    /// The number of attention heads.
    public var heads: Int
    /// The embedding dimension (hidden size); a multiple of `heads`.
    public var width: Int
    /// The size inside the feed-forward networks; nil: 4 · width.
    public var intermediateSize: Int?
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// The probability of dropping an element of the embeddings and of each part's result in training.
    public var dropout: Float
    /// Added to the variances in the norms.
    public var epsilon: Float

    public init(
      vocabularySize: Int, contextLength: Int, layers: Int, heads: Int, width: Int, intermediateSize: Int? = nil,
      activation: Activation = .geluTanh, dropout: Float = 0, epsilon: Float = 1e-5
    ) {
      (self.vocabularySize, self.contextLength, self.layers) = (vocabularySize, contextLength, layers)
      (self.heads, self.width, self.intermediateSize) = (heads, width, intermediateSize)
      (self.activation, self.dropout, self.epsilon) = (activation, dropout, epsilon)
    }

    /// GPT-2 small: 124,439,808 parameters.
    public static let gpt2 = Configuration(
      vocabularySize: 50_257, contextLength: 1_024, layers: 12, heads: 12, width: 768)
    /// GPT-2 medium: 354,823,168 parameters.
    public static let gpt2Medium = Configuration(
      vocabularySize: 50_257, contextLength: 1_024, layers: 24, heads: 16, width: 1_024)
    /// GPT-2 large: 774,030,080 parameters.
    public static let gpt2Large = Configuration(
      vocabularySize: 50_257, contextLength: 1_024, layers: 36, heads: 20, width: 1_280)
    /// GPT-2 XL: 1,557,611,200 parameters.
    public static let gpt2XL = Configuration(
      vocabularySize: 50_257, contextLength: 1_024, layers: 48, heads: 25, width: 1_600)

    /// The number of parameters of a model of these sizes, computed without creating one.
    public var parameterCount: Int {
      let inner = intermediateSize ?? 4 * width
      let attention = 4 * width * width + 4 * width
      let feedForward = 2 * width * inner + inner + width
      let normalization = 2 * width
      return (vocabularySize + contextLength) * width + layers * (attention + feedForward + 2 * normalization)
        + normalization
    }

    /// Everything that is invalid about these sizes, one sentence each.
    public var problems: [String] {
      var problems: [String] = []
      let sizes = [
        ("vocabularySize", vocabularySize), ("contextLength", contextLength), ("layers", layers), ("heads", heads),
        ("width", width), ("intermediateSize", intermediateSize ?? 1),
      ]
      for (name, size) in sizes where size < 1 { problems.append("\(name): expected at least 1, found \(size)") }
      if heads > 0 && width % heads != 0 {
        problems.append("width: expected a multiple of \(heads) heads, found \(width)")
      }
      if !(0..<1).contains(dropout) { problems.append("dropout: expected 0 ≤ p < 1, found \(dropout)") }
      return problems
    }
  }

  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width]; also the output layer.
  public let tokenEmbedding: Embedding
  /// The position embedding, [context, width].
  public let positionEmbedding: LearnedPositions
  /// Dropout applied to the sum of the embeddings.
  public let dropout: Dropout
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm after the last block.
  public let finalNorm: LayerNorm

  /// Creates a model with random weights.
  ///
  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "GPT: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    tokenEmbedding = Embedding(c.vocabularySize, c.width, initializer: .normal(standardDeviation: 0.02))
    positionEmbedding = LearnedPositions(c.contextLength, c.width)
    dropout = Dropout(c.dropout)
    blocks = (0..<c.layers).map { _ in
      TransformerBlock(
        width: c.width, heads: c.heads, intermediateSize: c.intermediateSize, activation: c.activation,
        epsilon: c.epsilon,
        dropout: c.dropout, isPreNorm: true)
    }
    finalNorm = LayerNorm(c.width, epsilon: c.epsilon)
    let residual = 0.02 / Float(2 * c.layers).squareRoot()
    for block in blocks {
      let writers = [block.attention.output, block.feedForward.contraction]
      for linear in [block.attention.projection, block.feedForward.expansion] + writers.map(Optional.some) {
        guard let linear else { continue }
        let isWriter = writers.contains { $0 === linear }
        linear.weight = Initializer.normal(standardDeviation: isWriter ? residual : 0.02)(linear.weight.shape)
        if let bias = linear.bias { linear.bias = Initializer.zeros(bias.shape) }
      }
    }
  }

  /// The sum of token and position embeddings.
  ///
  /// [batch, length] → [batch, length, width]
  ///
  /// - Precondition: the context has these positions.
  public func embed(_ ids: IndexTensor, at positions: TokenPositions) -> Tensor {
    if case .range(let range) = positions {
      require(
        range.upperBound <= configuration.contextLength,
        "GPT: \(range.upperBound) positions, context length \(configuration.contextLength)")
    }
    return dropout(tokenEmbedding(ids) + positionEmbedding(positions))
  }

  /// The logits of the next token, from an output layer that is tied to the token embedding.
  ///
  /// [.., width] → [.., vocabulary]
  public func logits(_ hiddenStates: Tensor) -> Tensor { tokenEmbedding.logits(hiddenStates) }
}
