// The decoder of most open language models. Read first: ../GPT/GPT.swift, ApusNN/Layers/RotaryPositions.swift.
// Read next: LlamaBlock.swift, Llama+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A language model like GPT, with what was learned since (Touvron et al., arXiv:2302.13971, arXiv:2307.09288).
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─ LlamaBlock × layers ─ finalNorm ─ output ─ logits [B, T, V]
/// ```
///
/// Against GPT-2: positions are rotations of queries and keys instead of vectors that are added; normalizations divide by the
/// root of the mean square and subtract nothing; feed-forward networks are gated; several query heads share one key and value
/// head, so that the cache is smaller; nothing has a bias.
public final class Llama: Module {
  /// Sizes, and where published models differ.
  public struct Configuration: Sendable, Equatable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// The longest text of the training.
    public var contextLength: Int
    /// Blocks.
    public var layers: Int
    /// Heads of queries.
    public var heads: Int
    /// Heads of keys and values; divides `heads`.
    public var keyHeads: Int
    /// Features of a token.
    public var width: Int
    /// Features of a head; even.
    public var headSize: Int
    /// Features inside the feed-forward networks.
    public var hidden: Int
    /// Of the feed-forward networks' gates.
    public var activation: Activation = .silu
    /// Added to mean squares in the normalizations.
    public var epsilon: Float
    /// Of the rotations' frequencies.
    public var rotaryBase: Float
    /// For texts longer than those of the training.
    public var rotaryScaling: RotaryScaling = .none
    /// Which features of a head are turned together.
    public var rotaryPairing: RotaryPairing = .halves
    /// Whether the attentions' projections have biases.
    public var hasAttentionBias = false
    /// Whether the feed-forward networks have biases.
    public var hasFeedForwardBias = false
    /// Whether the output layer is the embedding table.
    public var isTied: Bool
    /// The token that fills texts up, whose vector is not trained.
    public var padding: Int?

    /// - Parameters:
    ///   - keyHeads: nil: as many as `heads`.
    ///   - headSize: nil: width / heads.
    public init(
      vocabularySize: Int, contextLength: Int, layers: Int, heads: Int, keyHeads: Int? = nil, width: Int,
      headSize: Int? = nil, hidden: Int, epsilon: Float = 1e-6, rotaryBase: Float = 10_000, isTied: Bool = false,
      padding: Int? = nil
    ) {
      (self.vocabularySize, self.contextLength, self.layers) = (vocabularySize, contextLength, layers)
      (self.heads, self.keyHeads, self.width) = (heads, keyHeads ?? heads, width)
      (self.headSize, self.hidden) = (headSize ?? width / max(1, heads), hidden)
      (self.epsilon, self.rotaryBase, self.isTied, self.padding) = (epsilon, rotaryBase, isTied, padding)
    }

    /// Llama 2 7B: 6,738,415,616 parameters.
    public static let llama2Of7B = Configuration(
      vocabularySize: 32_000, contextLength: 4_096, layers: 32, heads: 32, width: 4_096, hidden: 11_008, epsilon: 1e-5)
    /// Llama 3.2 1B: 1,235,814,400 parameters.
    public static let llama3Of1B: Configuration = {
      var result = Configuration(
        vocabularySize: 128_256, contextLength: 131_072, layers: 16, heads: 32, keyHeads: 8, width: 2_048,
        hidden: 8_192,
        epsilon: 1e-5, rotaryBase: 500_000, isTied: true)
      result.rotaryScaling = .llama3(
        factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8_192)
      return result
    }()

    /// The number of trainable numbers in a model of these sizes, without making one.
    public var parameterCount: Int {
      let (queries, keys) = (heads * headSize, keyHeads * headSize)
      let attentionBias = hasAttentionBias ? queries + 2 * keys + width : 0
      let attention = 2 * width * (queries + keys) + attentionBias
      let feedForward = 3 * width * hidden + (hasFeedForwardBias ? 2 * hidden + width : 0)
      return (isTied ? 1 : 2) * vocabularySize * width + layers * (attention + feedForward + 2 * width) + width
    }
  }

  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// One after the other.
  public let blocks: [LlamaBlock]
  /// Before the output layer.
  public let finalNorm: RMSNorm
  /// [vocabulary, width]; absent if it is the embedding table.
  public let output: Linear?
  /// Of queries and keys in every block.
  let rotary: RotaryPositions

  /// - Precondition: the sizes are possible.
  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.keyHeads > 0 && c.heads % c.keyHeads == 0 && c.headSize % 2 == 0,
      "Llama: \(c.heads) heads of \(c.headSize), \(c.keyHeads) of keys")
    self.configuration = c
    let initializer = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: c.padding, initializer: initializer)
    blocks = (0..<c.layers).map { _ in LlamaBlock(c) }
    finalNorm = RMSNorm(c.width, epsilon: c.epsilon)
    output = c.isTied ? nil : Linear(c.width, c.vocabularySize, bias: false, initializer: initializer)
    rotary = RotaryPositions(
      headSize: c.headSize, base: c.rotaryBase, scaling: c.rotaryScaling, pairing: c.rotaryPairing)
  }

  /// The hidden vectors of every depth: the embeddings, each block's result, of the last one the normalized result.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - positions: [batch, length]; nil: 0, 1, 2, …
  ///   - mask: which positions see which.
  /// - Returns: layers + 1 tensors, [batch, length, width].
  public func allHiddenStates(
    _ ids: IndexTensor, positions: IndexTensor? = nil, mask: AttentionMask = .causal
  ) -> [Tensor] {
    let angles = rotary.angles(positions ?? IndexTensor.range(0..<ids.shape[1]))
    var states = [tokenEmbedding(ids)]
    for block in blocks { states.append(block(states[states.count - 1], angles: angles, mask: mask)) }
    states.append(finalNorm(states.removeLast()))
    return states
  }

  /// The scores of all tokens from normalized hidden vectors, [.., width] → [.., vocabulary].
  func scores(_ hidden: Tensor) -> Tensor { output.map { $0(hidden) } ?? tokenEmbedding.scores(hidden) }

  /// Scores of every token to come next.
  ///
  /// - Parameter ids: [batch, length]
  /// - Returns: [batch, length, vocabulary]
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · heads · head size for attention.
  public func callAsFunction(_ ids: IndexTensor) -> Tensor {
    let angles = rotary.angles(IndexTensor.range(0..<ids.shape[1]))
    let hidden = blocks.reduce(tokenEmbedding(ids)) { x, block in block(x, angles: angles, mask: .causal) }
    return scores(finalNorm(hidden))
  }
}
