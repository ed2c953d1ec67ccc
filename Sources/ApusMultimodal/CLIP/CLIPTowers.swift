// The two encoders of CLIP. Read first: CLIP.swift, ApusNN/Layers/ImageEncoder.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// The text encoder of CLIP: a small GPT, whose hidden state at the end token represents the text.
///
/// ```
///   ids [N, T] ─ tokenEmbedding ─(+)─ TransformerBlock × layers (causal) ─ finalNorm ─ at the end token ─ [N, W]
///   0 … T−1 ─── positionEmbedding ┘
/// ```
public final class CLIPText: Module {
  /// The sizes.
  public struct Configuration: Sendable, Equatable {
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
    /// The size inside the feed-forward networks.
    public var intermediateSize: Int
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// Added to the variances in the norms.
    public var epsilon: Float
    /// The token that ends a text; nil: the one with the highest id in the text.
    public var end: Int32?

    public init(
      vocabularySize: Int = 49_408, contextLength: Int = 77, layers: Int = 12, heads: Int = 8, width: Int = 512,
      intermediateSize: Int = 2_048, activation: Activation = .quickGelu, epsilon: Float = 1e-5, end: Int32? = 49_407
    ) {
      (self.vocabularySize, self.contextLength, self.layers, self.heads) = (
        vocabularySize, contextLength, layers, heads
      )
      (self.width, self.intermediateSize, self.activation, self.epsilon) = (
        width, intermediateSize, activation, epsilon
      )
      self.end = end
    }
  }

  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// The position embedding, [context, width].
  public let positionEmbedding: LearnedPositions
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm after the last block.
  public let finalNorm: LayerNorm

  public init(_ configuration: Configuration) {
    let c = configuration
    self.configuration = c
    tokenEmbedding = Embedding(c.vocabularySize, c.width, initializer: .normal(standardDeviation: 0.02))
    positionEmbedding = LearnedPositions(c.contextLength, c.width, initializer: .normal(standardDeviation: 0.01))
    blocks = (0..<c.layers).map { _ in
      TransformerBlock(
        width: c.width, heads: c.heads, intermediateSize: c.intermediateSize, activation: c.activation,
        epsilon: c.epsilon,
        isPreNorm: true)
    }
    finalNorm = LayerNorm(c.width, epsilon: c.epsilon)
  }

  /// The forward pass.
  ///
  /// - Parameters:
  ///   - ids: [texts, length]
  ///   - tokens: [texts, length], 0 at padding; nil: there is none.
  ///   - observer: receives the embeddings, each block's result, and attention weights.
  /// - Returns: the last block's result, [texts, length, width].
  /// - Precondition: length is at most the context length.
  public func hiddenStates(
    _ ids: IndexTensor, tokens: IndexTensor? = nil, observer: ForwardObserver? = nil
  ) -> Tensor {
    blocks(
      tokenEmbedding(ids) + positionEmbedding(ids.shape[1]), mask: .padding(tokens, causal: true), observer: observer)
  }

  /// The hidden states at the end tokens, [texts, length, width] → [texts, width].
  func pooled(_ states: Tensor, _ ids: IndexTensor) -> Tensor {
    let (texts, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    let rows = (0..<texts).map { text -> Int32 in
      let row = ids.indices[text * length..<(text + 1) * length]
      let end = configuration.end ?? row.max() ?? 0
      return Int32(row.firstIndex(of: end) ?? text * length)
    }
    return states.reshaped(to: [texts * length, width]).gathering(IndexTensor(rows))
  }

  /// One vector for each text, before the projection, [texts, length] → [texts, width].
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    pooled(finalNorm(hiddenStates(ids, tokens: tokens)), ids)
  }
}

/// The image encoder of CLIP: a ViT with an additional norm before its first block.
///
/// ```
///   pixels ─ patches ─┐
///                     ├─(+ positions)─ firstNorm ─ TransformerBlock × layers ─ first token ─ finalNorm ─ [B, W]
///   classToken ───────┘
/// ```
public final class CLIPVision: ImageEncoder {
  /// The sizes.
  public struct Configuration: Sendable, Equatable {
    /// The edge length of an image in pixels; a multiple of `patchSize`.
    public var imageSize: Int
    /// The edge length of a patch in pixels.
    public var patchSize: Int
    /// The number of channels.
    public var channels: Int
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
    /// Added to the variances in the norms.
    public var epsilon: Float

    public init(
      imageSize: Int = 224, patchSize: Int = 32, channels: Int = 3, layers: Int = 12, heads: Int = 12, width: Int = 768,
      intermediateSize: Int = 3_072, activation: Activation = .quickGelu, epsilon: Float = 1e-5
    ) {
      (self.imageSize, self.patchSize, self.channels, self.layers) = (imageSize, patchSize, channels, layers)
      (self.heads, self.width, self.intermediateSize, self.activation) = (heads, width, intermediateSize, activation)
      self.epsilon = epsilon
    }

    /// The number of tokens of an image: its patches, and the class token before them.
    public var length: Int { 1 + (imageSize / patchSize) * (imageSize / patchSize) }
  }

  /// The sizes.
  public let configuration: Configuration
  /// The patch embedding.
  public let patches: PatchEmbedding
  /// The embedding of the class token, [width].
  @Parameter public var classToken: Tensor
  /// The position embedding, [1 + patches, width].
  public let positions: LearnedPositions
  /// The norm of the sum of the embeddings.
  public let firstNorm: LayerNorm
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm of the class token after the last block.
  public let finalNorm: LayerNorm

  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.patchSize > 0 && c.imageSize % c.patchSize == 0,
      "CLIPVision: images of \(c.imageSize) in patches of \(c.patchSize)")
    self.configuration = c
    let small = Initializer.normal(standardDeviation: 1 / Float(c.width).squareRoot())
    patches = PatchEmbedding(size: c.patchSize, channels: c.channels, width: c.width, bias: false)
    classToken = small([c.width])
    positions = LearnedPositions(c.length, c.width, initializer: small)
    firstNorm = LayerNorm(c.width, epsilon: c.epsilon)
    blocks = (0..<c.layers).map { _ in
      TransformerBlock(
        width: c.width, heads: c.heads, intermediateSize: c.intermediateSize, activation: c.activation,
        epsilon: c.epsilon,
        isPreNorm: true)
    }
    finalNorm = LayerNorm(c.width, epsilon: c.epsilon)
  }

  /// The normalized embeddings, [images, channels, size, size] → [images, 1 + patches, width].
  public func embed(_ pixels: Tensor) -> Tensor { firstNorm(patchTokens(pixels)) }

  /// One vector for each image, before the projection, [images, channels, size, size] → [images, width].
  public func callAsFunction(_ pixels: Tensor) -> Tensor {
    finalNorm(firstToken(of: pixels))
  }
}
