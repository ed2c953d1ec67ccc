// The two encoders of CLIP. Read first: CLIP.swift, ApusNN/Layers/EncoderBlock.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// CLIP's encoder of texts: a small GPT, whose vector at the end token stands for the text.
///
/// ```
///   ids [N, T] ─ tokenEmbedding ─(+)─ EncoderBlock × layers (causal) ─ finalNorm ─ at the end token ─ [N, W]
///   0 … T−1 ─── positionEmbedding ┘
/// ```
public final class CLIPText: Module {
  /// Sizes.
  public struct Configuration: Sendable, Equatable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// The longest text.
    public var contextLength: Int
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
    /// Added to variances in the normalizations.
    public var epsilon: Float
    /// The token that ends a text; nil: the one with the highest number in it.
    public var end: Int32?

    public init(
      vocabularySize: Int = 49_408, contextLength: Int = 77, layers: Int = 12, heads: Int = 8, width: Int = 512,
      hidden: Int = 2_048, activation: Activation = .quickGelu, epsilon: Float = 1e-5, end: Int32? = 49_407
    ) {
      (self.vocabularySize, self.contextLength, self.layers, self.heads) = (
        vocabularySize, contextLength, layers, heads
      )
      (self.width, self.hidden, self.activation, self.epsilon) = (width, hidden, activation, epsilon)
      self.end = end
    }
  }

  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width].
  public let tokenEmbedding: Embedding
  /// Vectors of positions, [context, width].
  public let positionEmbedding: LearnedPositions
  /// One after the other.
  public let blocks: [EncoderBlock]
  /// Of the last block's result.
  public let finalNorm: LayerNorm

  public init(_ configuration: Configuration) {
    let c = configuration
    self.configuration = c
    tokenEmbedding = Embedding(c.vocabularySize, c.width, initializer: .normal(standardDeviation: 0.02))
    positionEmbedding = LearnedPositions(c.contextLength, c.width, initializer: .normal(standardDeviation: 0.01))
    blocks = (0..<c.layers).map { _ in
      EncoderBlock(
        width: c.width, heads: c.heads, hidden: c.hidden, activation: c.activation, epsilon: c.epsilon,
        normalizesFirst: true)
    }
    finalNorm = LayerNorm(c.width, epsilon: c.epsilon)
  }

  /// The embeddings, then each block's result: layers + 1 tensors, [texts, length, width].
  ///
  /// - Precondition: length is at most the context length.
  public func allHiddenStates(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> [Tensor] {
    let mask = AttentionMask.padding(tokens, causal: true)
    var states = [tokenEmbedding(ids) + positionEmbedding(ids.shape[1])]
    for block in blocks { states.append(block(states[states.count - 1], mask: mask)) }
    return states
  }

  /// The vectors at the end tokens of normalized hidden vectors, [texts, length, width] → [texts, width].
  func pooled(_ states: Tensor, _ ids: IndexTensor) -> Tensor {
    let (texts, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    let rows = (0..<texts).map { text -> Int32 in
      let row = ids.indices[text * length..<(text + 1) * length]
      let end = configuration.end ?? row.max() ?? 0
      return Int32(row.firstIndex(of: end) ?? text * length)
    }
    return states.reshaped(to: [texts * length, width]).gathering(IndexTensor(rows))
  }

  /// One vector for each text, [texts, length] → [texts, width].
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    let states = allHiddenStates(ids, tokens: tokens)
    return pooled(finalNorm(states[states.count - 1]), ids)
  }
}

/// CLIP's encoder of pictures: a ViT that is also normalized before its first block.
///
/// ```
///   pixels ─ patches ─┐
///                     ├─(+ positions)─ firstNorm ─ EncoderBlock × layers ─ first token ─ finalNorm ─ [B, W]
///   classToken ───────┘
/// ```
public final class CLIPVision: Module {
  /// Sizes.
  public struct Configuration: Sendable, Equatable {
    /// Pixels of a picture's edge; a multiple of `patchSize`.
    public var imageSize: Int
    /// Pixels of a patch's edge.
    public var patchSize: Int
    /// Numbers of a pixel.
    public var channels: Int
    /// Blocks.
    public var layers: Int
    /// Heads of each attention.
    public var heads: Int
    /// Features of a patch; a multiple of `heads`.
    public var width: Int
    /// Features between the two layers of a feed-forward network.
    public var hidden: Int
    /// Of the feed-forward networks.
    public var activation: Activation
    /// Added to variances in the normalizations.
    public var epsilon: Float

    public init(
      imageSize: Int = 224, patchSize: Int = 32, channels: Int = 3, layers: Int = 12, heads: Int = 12, width: Int = 768,
      hidden: Int = 3_072, activation: Activation = .quickGelu, epsilon: Float = 1e-5
    ) {
      (self.imageSize, self.patchSize, self.channels, self.layers) = (imageSize, patchSize, channels, layers)
      (self.heads, self.width, self.hidden, self.activation) = (heads, width, hidden, activation)
      self.epsilon = epsilon
    }

    /// Tokens of a picture: its patches, and one before them.
    public var length: Int { 1 + (imageSize / patchSize) * (imageSize / patchSize) }
  }

  /// Sizes.
  public let configuration: Configuration
  /// From pixels to vectors.
  public let patches: PatchEmbedding
  /// The first token's vector, [width].
  @Parameter public var classToken: Tensor
  /// Vectors of positions, [1 + patches, width].
  public let positions: LearnedPositions
  /// Of the embeddings' sum.
  public let firstNorm: LayerNorm
  /// One after the other.
  public let blocks: [EncoderBlock]
  /// Of the first token's vector.
  public let finalNorm: LayerNorm

  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.patchSize > 0 && c.imageSize % c.patchSize == 0,
      "CLIPVision: pictures of \(c.imageSize) in patches of \(c.patchSize)")
    self.configuration = c
    let small = Initializer.normal(standardDeviation: 1 / Float(c.width).squareRoot())
    patches = PatchEmbedding(size: c.patchSize, channels: c.channels, width: c.width, bias: false)
    classToken = small([c.width])
    positions = LearnedPositions(c.length, c.width, initializer: small)
    firstNorm = LayerNorm(c.width, epsilon: c.epsilon)
    blocks = (0..<c.layers).map { _ in
      EncoderBlock(
        width: c.width, heads: c.heads, hidden: c.hidden, activation: c.activation, epsilon: c.epsilon,
        normalizesFirst: true)
    }
    finalNorm = LayerNorm(c.width, epsilon: c.epsilon)
  }

  /// The normalized embeddings, [pictures, channels, size, size] → [pictures, 1 + patches, width].
  private func embedded(_ pixels: Tensor) -> Tensor {
    let patches = patches(pixels)
    let (batch, width) = (patches.shape[0], patches.shape[2])
    let first = classToken.reshaped(to: [1, 1, width]).broadcast(to: [batch, 1, width])
    return firstNorm(concatenated([first, patches], along: 1) + positions(patches.shape[1] + 1))
  }

  /// The normalized embeddings, then each block's result: layers + 1 tensors, [pictures, 1 + patches, width].
  public func allHiddenStates(_ pixels: Tensor) -> [Tensor] {
    var states = [embedded(pixels)]
    for block in blocks { states.append(block(states[states.count - 1])) }
    return states
  }

  /// One vector for each picture, [pictures, channels, size, size] → [pictures, width].
  public func callAsFunction(_ pixels: Tensor) -> Tensor {
    let state = blocks.dropLast().reduce(embedded(pixels)) { state, block in block(state) }
    return finalNorm(blocks.last.map { $0.firstToken(of: state) } ?? state.firstTokens)
  }
}
