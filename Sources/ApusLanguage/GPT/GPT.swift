// The decoder-only Transformer. Read first: ApusNN/Layers/DecoderBlock.swift.
// Read next: GPT+Generation.swift, GPT+Checkpoint.swift.

import ApusBase
import ApusGeneration
public import ApusNN
public import ApusTensor

/// A language model: predicts the next token from all tokens before it.
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─(+)─ dropout ─ DecoderBlock × layers ─ finalNorm ─ tokenEmbeddingᵀ ─ logits [B, T, V]
///   0 … T−1 ─── positionEmbedding ┘
/// ```
///
/// The architecture is GPT-2's (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): normalization
/// before each part, learned positions, and an output layer that is the embedding table again. Weights begin normal with
/// deviation 0.02, those of the layers that write into the residual path divided by √(2 · layers).
public final class GPT: Module {
  /// Sizes.
  public struct Configuration: Sendable, Equatable, Codable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// The longest sequence.
    public var contextLength: Int
    /// Blocks.
    public var layers: Int
    /// Heads of each attention.
    public var heads: Int
    /// Features of a token; a multiple of `heads`.
    public var width: Int
    /// Features between the two layers of a feed-forward network; nil: 4 · width.
    public var hidden: Int?
    /// Of the feed-forward networks.
    public var activation: Activation
    /// In training, the probability of dropping an element of embeddings and of each part's result.
    public var dropout: Float
    /// Added to variances in the normalizations.
    public var epsilon: Float

    public init(
      vocabularySize: Int, contextLength: Int, layers: Int, heads: Int, width: Int, hidden: Int? = nil,
      activation: Activation = .geluTanh, dropout: Float = 0, epsilon: Float = 1e-5
    ) {
      (self.vocabularySize, self.contextLength, self.layers) = (vocabularySize, contextLength, layers)
      (self.heads, self.width, self.hidden) = (heads, width, hidden)
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

    /// The number of trainable numbers in a model of these sizes, without making one.
    public var parameterCount: Int {
      let inner = hidden ?? 4 * width
      let attention = 4 * width * width + 4 * width
      let feedForward = 2 * width * inner + inner + width
      let normalization = 2 * width
      return (vocabularySize + contextLength) * width + layers * (attention + feedForward + 2 * normalization)
        + normalization
    }

    /// What is impossible about these sizes, one sentence each.
    public var problems: [String] {
      var problems: [String] = []
      let sizes = [
        ("vocabularySize", vocabularySize), ("contextLength", contextLength), ("layers", layers), ("heads", heads),
        ("width", width), ("hidden", hidden ?? 1),
      ]
      for (name, size) in sizes where size < 1 { problems.append("\(name): expected at least 1, found \(size)") }
      if heads > 0 && width % heads != 0 {
        problems.append("width: expected a multiple of \(heads) heads, found \(width)")
      }
      if !(0..<1).contains(dropout) { problems.append("dropout: expected 0 ≤ p < 1, found \(dropout)") }
      return problems
    }
  }

  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width]; also the output layer.
  public let tokenEmbedding: Embedding
  /// Vectors of positions, [context, width].
  public let positionEmbedding: LearnedPositions
  /// Of the embeddings' sum.
  public let dropout: Dropout
  /// The stack.
  public let blocks: [DecoderBlock]
  /// After the last block.
  public let finalNorm: LayerNorm

  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "GPT: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    tokenEmbedding = Embedding(c.vocabularySize, c.width, initializer: .normal(standardDeviation: 0.02))
    positionEmbedding = LearnedPositions(c.contextLength, c.width)
    dropout = Dropout(c.dropout)
    blocks = (0..<c.layers).map { _ in
      DecoderBlock(
        width: c.width, heads: c.heads, hidden: c.hidden, activation: c.activation, epsilon: c.epsilon,
        dropout: c.dropout)
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

  /// The hidden vectors of every depth: the embeddings, each block's result, of the last one the normalized result.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], length at most the context length.
  ///   - positions: [batch or 1, length]; nil: 0, 1, 2, …
  ///   - mask: which positions see which.
  /// - Returns: layers + 1 tensors, [batch, length, width].
  public func allHiddenStates(
    _ ids: IndexTensor, positions: IndexTensor? = nil, mask: AttentionMask = .causal
  ) -> [Tensor] {
    let places = positions.map { positionEmbedding.weight.gathering($0) } ?? positionEmbedding(ids.shape[1])
    var states = [dropout(tokenEmbedding(ids) + places)]
    for block in blocks { states.append(block(states[states.count - 1], mask: mask)) }
    states.append(finalNorm(states.removeLast()))
    return states
  }

  /// The hidden vectors before the output layer.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], length at most the context length.
  ///   - state: what was read before these ids; it is extended by them.
  /// - Returns: [batch, length, width]
  public func hiddenStates(_ ids: IndexTensor, state: DecoderState? = nil) -> Tensor {
    require(ids.shape.rank == 2, "GPT: ids of shape \(ids.shape) (expected [batch, length])")
    let (start, length) = (state?.count ?? 0, ids.shape[1])
    require(
      start + length <= configuration.contextLength,
      "GPT: \(start + length) positions, context length \(configuration.contextLength)")
    guard let state else {
      let states = allHiddenStates(ids)
      return states[states.count - 1]
    }
    let bias = state.paddingBias
    let places =
      bias == nil
      ? positionEmbedding(length, from: start) : positionEmbedding.weight.gathering(state.positions(length))
    var x = dropout(tokenEmbedding(ids) + places)
    for (index, block) in blocks.enumerated() { x = block(x, cache: state.caches[index], bias: bias) }
    return finalNorm(x)
  }

  /// Scores of every token to come next.
  ///
  /// - Parameter ids: [batch, length]
  /// - Returns: [batch, length, vocabulary]
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · width for attention.
  public func callAsFunction(_ ids: IndexTensor) -> Tensor { tokenEmbedding.scores(hiddenStates(ids)) }
}
