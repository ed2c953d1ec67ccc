// Llama, the architecture of most open language models. Read first: ../GPT/GPT.swift, ApusNN/Layers/RotaryPositions.swift.
// Read next: Llama+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A decoder-only language model with rotary positions and grouped-query attention (Touvron et al., arXiv:2302.13971,
/// arXiv:2307.09288).
///
/// ```
///   ids [B, T] ─ tokenEmbedding ─ TransformerBlock × layers ─ finalNorm ─ output ─ logits [B, T, V]
/// ```
///
/// Compared with GPT-2: positions are rotations of queries and keys instead of embeddings that are added; RMSNorm replaces
/// LayerNorm; feed-forward networks are gated; several query heads share one key–value head, which makes the cache smaller;
/// there are no biases.
public final class Llama: DecoderOnlyTransformer {
  /// The sizes of a Llama, and the options in which published models differ.
  public struct Configuration: Sendable, Equatable {
    /// The vocabulary size.
    public var vocabularySize: Int
    /// The sequence length of the training.
    public var contextLength: Int
    /// The number of blocks.
    public var layers: Int
    /// The number of query heads.
    public var heads: Int
    /// The number of key–value heads; divides `heads`.
    public var keyValueHeads: Int
    /// The embedding dimension (hidden size).
    public var width: Int
    /// The size of a head; even.
    public var headSize: Int
    /// The size inside the feed-forward networks.
    public var intermediateSize: Int
    /// The activation of the gates in the feed-forward networks.
    public var activation: Activation = .silu
    /// Added to the mean squares in the norms.
    public var epsilon: Float
    /// The base of the rotary frequencies.
    public var rotaryBase: Float
    /// How the rotary frequencies change for sequences longer than those of the training.
    public var rotaryScaling: RotaryScaling = .none
    /// Which features of a head are rotated together.
    public var rotaryPairing: RotaryPairing = .halves
    /// Whether the projections of the attentions have biases.
    public var hasAttentionBias = false
    /// Whether the feed-forward networks have biases.
    public var hasFeedForwardBias = false
    /// Whether the output layer is tied to the token embedding.
    public var isTied: Bool
    /// The padding token, whose embedding is not trained; nil: there is none.
    public var padding: Int?

    /// - Parameters:
    ///   - vocabularySize: the number of tokens.
    ///   - contextLength: the sequence length of the training.
    ///   - layers: the number of blocks.
    ///   - heads: the number of query heads.
    ///   - keyValueHeads: the number of key–value heads; nil: as many as query heads.
    ///   - width: the embedding dimension.
    ///   - headSize: the size of a head; nil: width / heads.
    ///   - intermediateSize: the size inside the feed-forward networks.
    ///   - epsilon: added to the mean squares in the norms.
    ///   - rotaryBase: the base of the rotary frequencies.
    ///   - isTied: whether the output layer is tied to the token embedding.
    ///   - padding: the padding token, whose embedding is not trained; nil: there is none.
    public init(
      vocabularySize: Int, contextLength: Int, layers: Int, heads: Int, keyValueHeads: Int? = nil, width: Int,
      headSize: Int? = nil, intermediateSize: Int, epsilon: Float = 1e-6, rotaryBase: Float = 10_000,
      isTied: Bool = false,
      padding: Int? = nil
    ) {
      (self.vocabularySize, self.contextLength, self.layers) = (vocabularySize, contextLength, layers)
      (self.heads, self.keyValueHeads, self.width) = (heads, keyValueHeads ?? heads, width)
      (self.headSize, self.intermediateSize) = (headSize ?? width / max(1, heads), intermediateSize)
      (self.epsilon, self.rotaryBase, self.isTied, self.padding) = (epsilon, rotaryBase, isTied, padding)
    }

    /// Llama 2 7B: 6,738,415,616 parameters.
    public static let llama2Of7B = Configuration(
      vocabularySize: 32_000, contextLength: 4_096, layers: 32, heads: 32, width: 4_096, intermediateSize: 11_008,
      epsilon: 1e-5)
    /// Llama 3.2 1B: 1,235,814,400 parameters.
    public static let llama3Of1B: Configuration = {
      var result = Configuration(
        vocabularySize: 128_256, contextLength: 131_072, layers: 16, heads: 32, keyValueHeads: 8, width: 2_048,
        intermediateSize: 8_192,
        epsilon: 1e-5, rotaryBase: 500_000, isTied: true)
      result.rotaryScaling = .llama3(
        factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8_192)
      return result
    }()

    /// The number of parameters of a model of these sizes, computed without creating one.
    public var parameterCount: Int {
      let (queries, keys) = (heads * headSize, keyValueHeads * headSize)
      let attentionBias = hasAttentionBias ? queries + 2 * keys + width : 0
      let attention = 2 * width * (queries + keys) + attentionBias
      let feedForward = 3 * width * intermediateSize + (hasFeedForwardBias ? 2 * intermediateSize + width : 0)
      return (isTied ? 1 : 2) * vocabularySize * width + layers * (attention + feedForward + 2 * width) + width
    }
  }

  /// The sizes and options.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm after the last block.
  public let finalNorm: RMSNorm
  /// The output layer, [vocabulary, width]; absent if it is tied to the token embedding.
  public let output: Linear?
  /// The rotary positions of queries and keys in all blocks.
  let rotary: RotaryPositions

  /// Creates a model with random weights.
  ///
  /// - Precondition: `keyValueHeads` divides `heads`; the head size is even.
  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.keyValueHeads > 0 && c.heads % c.keyValueHeads == 0 && c.headSize % 2 == 0,
      "Llama: \(c.heads) query heads of size \(c.headSize), \(c.keyValueHeads) key–value heads")
    self.configuration = c
    let initializer = Initializer.normal(standardDeviation: 0.02)
    tokenEmbedding = Embedding(c.vocabularySize, c.width, padding: c.padding, initializer: initializer)
    blocks = (0..<c.layers).map { _ in c.makeBlock() }
    finalNorm = RMSNorm(c.width, epsilon: c.epsilon)
    output = c.isTied ? nil : Linear(c.width, c.vocabularySize, bias: false, initializer: initializer)
    rotary = RotaryPositions(
      headSize: c.headSize, base: c.rotaryBase, scaling: c.rotaryScaling, pairing: c.rotaryPairing)
  }

  public var vocabularySize: Int { configuration.vocabularySize }
  /// Rotations have no last position, though a model reads well only as far as it was trained.
  public var positionLimit: Int? { nil }
  public var trainedLength: Int? { configuration.contextLength }

  /// The token embeddings, [batch, length] → [batch, length, width]; positions come in as rotations.
  public func embed(_ ids: IndexTensor, at positions: TokenPositions) -> Tensor { tokenEmbedding(ids) }

  /// The rotations of queries and keys in every block.
  public func rotary(_ positions: TokenPositions) -> RotaryAngles? { rotary.angles(positions) }

  /// The logits of the next token, [.., width] → [.., vocabulary].
  public func logits(_ hiddenStates: Tensor) -> Tensor {
    output.map { $0(hiddenStates) } ?? tokenEmbedding.logits(hiddenStates)
  }
}

extension Llama.Configuration {
  /// Grouped-query attention with rotary positions, and a gated feed-forward network, both pre-norm.
  func makeBlock() -> TransformerBlock {
    func linear(_ inputs: Int, _ outputs: Int) -> Linear {
      Linear(inputs, outputs, bias: hasAttentionBias, initializer: .normal(standardDeviation: 0.02))
    }
    let (queryWidth, keyWidth) = (heads * headSize, keyValueHeads * headSize)
    return TransformerBlock(
      attention: MultiheadAttention(
        query: linear(width, queryWidth), key: linear(width, keyWidth), value: linear(width, keyWidth),
        output: linear(queryWidth, width), heads: heads, keyValueHeads: keyValueHeads),
      feedForward: FeedForward(
        width, intermediateSize: intermediateSize, activation: activation, isGated: true, bias: hasFeedForwardBias),
      norm: .rmsNorm(epsilon: epsilon), isPreNorm: true)
  }
}
