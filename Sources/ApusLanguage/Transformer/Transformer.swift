// The Transformer of 2017, on vectors and on tokens.
// Read first: ../EncoderDecoder/EncoderDecoder.swift. Read next: Transformer+Checkpoint.swift; ../BART/BART.swift.

import ApusGeneration
public import ApusNN
public import ApusTensor

/// The encoder and the decoder of "Attention Is All You Need" (Vaswani et al., arXiv:1706.03762), without embeddings.
///
/// ```
///   source [B, S, C] ─ TransformerBlock × layers ─ encoderNorm ─ memory [B, S, C]
///                                                                  │
///   target [B, T, C] ─ TransformerBlock × layers ──────────────────┴─ decoderNorm ─ [B, T, C]
/// ```
///
/// Like PyTorch's `nn.Transformer`, it has a norm after each stack, which the paper does not have; `hasFinalNorms` turns them
/// off. `TextTransformer` adds an embedding and an output layer.
public final class Transformer: Module {
  /// The blocks of the encoder, from first to last.
  public let encoderLayers: [TransformerBlock]
  /// The norm after the last block of the encoder.
  public let encoderNorm: LayerNorm?
  /// The blocks of the decoder, from first to last.
  public let decoderLayers: [TransformerBlock]
  /// The norm after the last block of the decoder.
  public let decoderNorm: LayerNorm?

  /// Creates a model with random weights.
  ///
  /// - Parameters:
  ///   - width: the embedding dimension, 512 in the paper's base model; a multiple of `heads`.
  ///   - heads: the number of attention heads.
  ///   - layers: the number of blocks of the encoder.
  ///   - decoderLayers: the number of blocks of the decoder; nil: as many as the encoder.
  ///   - intermediateSize: the size inside the feed-forward networks; nil: 4 · width.
  ///   - activation: the activation of the feed-forward networks.
  ///   - isPreNorm: whether blocks are pre-norm instead of post-norm.
  ///   - dropout: the probability of dropping an element of each part's result in training.
  ///   - hasFinalNorms: whether there is a norm after each stack; pre-norm blocks need it.
  public init(
    width: Int = 512, heads: Int = 8, layers: Int = 6, decoderLayers: Int? = nil, intermediateSize: Int? = nil,
    activation: Activation = .relu, isPreNorm: Bool = false, dropout: Float = 0.1,
    hasFinalNorms: Bool = true
  ) {
    func blocks(_ count: Int, hasCrossAttention: Bool) -> [TransformerBlock] {
      (0..<count).map { _ in
        TransformerBlock(
          width: width, heads: heads, intermediateSize: intermediateSize, activation: activation, dropout: dropout,
          isPreNorm: isPreNorm, hasCrossAttention: hasCrossAttention)
      }
    }
    encoderLayers = blocks(layers, hasCrossAttention: false)
    encoderNorm = hasFinalNorms ? LayerNorm(width) : nil
    self.decoderLayers = blocks(decoderLayers ?? layers, hasCrossAttention: true)
    decoderNorm = hasFinalNorms ? LayerNorm(width) : nil
  }

  /// The forward pass of the encoder.
  ///
  /// - Parameters:
  ///   - source: [batch, source length, width]
  ///   - mask: which positions see which.
  ///   - observer: receives the input, each block's result, and attention weights.
  /// - Returns: the memory, [batch, source length, width].
  public func encode(
    _ source: Tensor, mask: AttentionMask = .none, observer: ForwardObserver? = nil
  ) -> Tensor {
    encoderLayers(source, mask: mask, observer: observer) { x in encoderNorm.map { $0(x) } ?? x }
  }

  /// The forward pass of the decoder.
  ///
  /// - Parameters:
  ///   - target: [batch, length, width]
  ///   - memory: what the decoder reads of the source.
  ///   - mask: which positions of the target see which.
  ///   - caches: the keys and values of the target so far, which the new positions extend.
  ///   - observer: receives the input, each block's result, and the weights of both attentions.
  /// - Returns: [batch, length, width]
  public func decode(
    _ target: Tensor, memory: EncoderMemory, mask: AttentionMask = .causal, caches: [KeyValueCache]? = nil,
    observer: ForwardObserver? = nil
  ) -> Tensor {
    decoderLayers(target, mask: mask, caches: caches, memory: memory, observer: observer) { x in
      decoderNorm.map { $0(x) } ?? x
    }
  }

  /// The decoder's result for vectors of both sequences, [batch, length, width].
  ///
  /// - Parameter sourceMask: which positions of the source exist.
  public func callAsFunction(_ source: Tensor, _ target: Tensor, sourceMask: AttentionMask = .none) -> Tensor {
    decode(target, memory: .states(encode(source, mask: sourceMask), mask: sourceMask))
  }
}

/// The model of the paper's figure 1: a Transformer between an embedding and a tied output layer.
///
/// ```
///   ids [B, S] ─ embedding · √C ─(+)─ dropout ─ Transformer ─ embeddingᵀ ─ logits [B, T, V]
///   0 … S−1 ─ sines and cosines ─┘
/// ```
public final class TextTransformer: EncoderDecoder {
  /// The token embedding, shared by source, target and output layer (section 3.4), [vocabulary, width].
  public let embedding: Embedding
  /// The position embedding (section 3.5).
  public let positions: SinusoidalPositions
  /// Dropout applied to the sums of the embeddings.
  public let dropout: Dropout
  /// The encoder and the decoder.
  public let stacks: Transformer
  /// The padding token.
  public let paddingToken: Int32
  /// The token that the target begins with.
  public let startToken: Int32?

  /// - Parameters:
  ///   - vocabularySize: the number of tokens of both languages together.
  ///   - width: the embedding dimension.
  ///   - stacks: the encoder and the decoder, of this width.
  ///   - dropout: the probability of dropping an element of the embeddings in training.
  ///   - paddingToken: the padding token.
  ///   - startToken: the token that the target begins with.
  public init(
    vocabularySize: Int, width: Int = 512, stacks: Transformer, dropout: Float = 0.1, paddingToken: Int32 = 0,
    startToken: Int32 = 0
  ) {
    embedding = Embedding(
      vocabularySize, width, padding: Int(paddingToken),
      initializer: .normal(standardDeviation: 1 / Float(width).squareRoot()))
    positions = SinusoidalPositions(width)
    self.dropout = Dropout(dropout)
    self.stacks = stacks
    (self.paddingToken, self.startToken) = (paddingToken, startToken)
  }

  public var vocabularySize: Int { embedding.weight.shape[0] }
  /// Any number: sines and cosines exist for all positions.
  public var positionLimit: Int? { nil }

  private func embed(_ ids: IndexTensor, from start: Int = 0) -> Tensor {
    dropout(embedding(ids) * Float(positions.width).squareRoot() + positions(ids.shape[1], from: start))
  }

  public var decoderBlocks: [TransformerBlock] { stacks.decoderLayers }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?, observer: ForwardObserver?) -> Tensor {
    stacks.encode(embed(ids), mask: .padding(tokens), observer: observer)
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: EncoderMemory, caches: [KeyValueCache]?,
    observer: ForwardObserver?
  ) -> Tensor {
    stacks.decode(
      embed(ids, from: caches?.first?.count ?? 0), memory: memory, mask: .padding(tokens, causal: true),
      caches: caches, observer: observer)
  }

  public func logits(_ hiddenStates: Tensor) -> Tensor { embedding.logits(hiddenStates) }
}
