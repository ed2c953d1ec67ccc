// The block that all Transformers stack: GPT, BERT, BART, T5, Llama, ViT and the others differ only in its parts.
// Read first: MultiheadAttention.swift, FeedForward.swift, Normalization.swift. Read next: TransformerStack.swift.

import ApusBase
public import ApusTensor

/// Self-attention, optionally cross-attention, and a feed-forward network, each with a residual connection and a norm.
///
/// ```
///   pre-norm:   x ─┬─ norm1 ─ attention ─(+)─┬─ crossNorm ─ crossAttention ─(+)─┬─ norm2 ─ feedForward ─(+)─ y
///                  └─────────────────────┘   └──────────────┴ memory ───────┘   └────────────────────────┘
///   post-norm:  x ─┬─ attention ─(+)─ norm1 ─┬─ crossAttention ─(+)─ crossNorm ─┬─ feedForward ─(+)─ norm2 ─ y
///                  └─────────────┘           └───────┴ memory ──┘               └───────────────┘
/// ```
///
/// Post-norm is the original order (Vaswani et al., arXiv:1706.03762). Pre-norm leaves the residual path free of any
/// operation, so that deep stacks train without a learning-rate warm-up (Radford et al. 2019, section 2.3; Xiong et al.,
/// arXiv:2002.04745).
///
/// Without cross-attention it is PyTorch's `nn.TransformerEncoderLayer`, and with a causal mask the block of a GPT; with
/// cross-attention it is `nn.TransformerDecoderLayer`.
///
/// ```swift
/// let encoderLayer = TransformerBlock(width: 64, heads: 4, activation: .relu)
/// let decoderLayer = TransformerBlock(width: 64, heads: 4, activation: .relu, hasCrossAttention: true)
/// ```
public final class TransformerBlock: Module {
  /// The norm of the self-attention.
  public let norm1: any Layer
  /// The self-attention.
  public let attention: MultiheadAttention
  /// The norm of the cross-attention.
  public let crossNorm: (any Layer)?
  /// The attention to the encoder's output; absent in encoders and in decoder-only models.
  public let crossAttention: MultiheadAttention?
  /// The norm of the feed-forward network.
  public let norm2: any Layer
  /// The feed-forward network.
  public let feedForward: FeedForward
  /// Dropout applied to the results of the attentions.
  public let dropout: Dropout
  /// Whether each part normalizes its input (pre-norm) or the sum after it (post-norm).
  public let isPreNorm: Bool

  /// Creates a block from its parts.
  ///
  /// - Parameters:
  ///   - attention: the self-attention.
  ///   - crossAttention: the attention to the encoder's output.
  ///   - feedForward: the feed-forward network, with its dropout.
  ///   - norm: the kind of the norms.
  ///   - isPreNorm: whether each part normalizes its input (pre-norm) or the sum after it (post-norm).
  ///   - dropout: the probability of dropping an element of the attentions' results in training.
  public init(
    attention: MultiheadAttention, crossAttention: MultiheadAttention? = nil, feedForward: FeedForward,
    norm: Normalization, isPreNorm: Bool, dropout: Float = 0
  ) {
    let width = attention.width
    (norm1, norm2) = (norm.layer(width), norm.layer(width))
    crossNorm = crossAttention == nil ? nil : norm.layer(width)
    (self.attention, self.crossAttention, self.feedForward) = (attention, crossAttention, feedForward)
    (self.isPreNorm, self.dropout) = (isPreNorm, Dropout(dropout))
  }

  /// Creates a block of the original Transformer's parts: multi-head attention, a plain feed-forward network, LayerNorm.
  ///
  /// - Parameters:
  ///   - width: the embedding dimension; a multiple of `heads`.
  ///   - heads: the number of attention heads.
  ///   - intermediateSize: the size inside the feed-forward network; nil: 4 · width.
  ///   - activation: of the feed-forward network.
  ///   - bias: whether linear layers and norms have biases.
  ///   - attentionBias: whether queries, keys and values have biases; nil: as everything else.
  ///   - attentionScale: the factor of the attention scores; nil: 1/√(width / heads).
  ///   - epsilon: added to the variances in the norms.
  ///   - dropout: the probability of dropping an element of each part's result in training.
  ///   - isPreNorm: whether each part normalizes its input (pre-norm) or the sum after it (post-norm).
  ///   - hasCrossAttention: whether the block attends to an encoder's output.
  public convenience init(
    width: Int, heads: Int, intermediateSize: Int? = nil, activation: Activation = .gelu, bias: Bool = true,
    attentionBias: Bool? = nil, attentionScale: Float? = nil, epsilon: Float = 1e-5, dropout: Float = 0,
    isPreNorm: Bool = false, hasCrossAttention: Bool = false
  ) {
    func attention() -> MultiheadAttention {
      MultiheadAttention(width, heads: heads, bias: attentionBias ?? bias, outputBias: bias, scale: attentionScale)
    }
    self.init(
      attention: attention(), crossAttention: hasCrossAttention ? attention() : nil,
      feedForward: FeedForward(
        width, intermediateSize: intermediateSize, activation: activation, bias: bias, dropout: dropout),
      norm: .layerNorm(epsilon: epsilon, bias: bias), isPreNorm: isPreNorm, dropout: dropout)
  }

  /// - Parameters:
  ///   - x: [batch, length, width]
  ///   - mask: which positions see which, and what is added to the scores of the self-attention.
  ///   - rotary: rotates the queries and keys of the self-attention.
  ///   - cache: the keys and values of earlier positions, which x extends; the self-attention is causal then.
  ///   - memory: what the cross-attention reads, as `memory(of:mask:)` gives it.
  ///   - observer: receives attention weights.
  /// - Returns: [batch, length, width]
  /// - Precondition: there is a memory if and only if the block has cross-attention.
  public func callAsFunction(
    _ x: Tensor, mask: AttentionMask = .none, rotary: RotaryAngles? = nil, cache: KeyValueCache? = nil,
    memory: AttentionMemory? = nil, observer: ForwardObserver? = nil
  ) -> Tensor {
    let source = cache.map { AttentionSource.cache($0) } ?? .itself
    var x = residual(x, norm1) {
      dropout(attention($0, to: source, mask: mask, rotary: rotary, onWeights: observer?.onAttentionWeights))
    }
    if let crossNorm, let crossAttention {
      guard let memory else { requirementFailure("TransformerBlock: cross-attention without a memory") }
      x = residual(x, crossNorm) {
        dropout(crossAttention($0, to: .memory(memory), onWeights: observer?.onCrossAttentionWeights))
      }
    } else {
      require(memory == nil, "TransformerBlock: a memory for a block without cross-attention")
    }
    return residual(x, norm2) { feedForward($0) }
  }

  /// The keys and values of the encoder's output as the cross-attention reads them; nil without cross-attention.
  ///
  /// - Parameters:
  ///   - encoded: [batch, source length, width]
  ///   - mask: which positions of the source exist.
  public func memory(of encoded: Tensor, mask: AttentionMask = .none) -> AttentionMemory? {
    crossAttention?.memory(of: encoded, mask: mask)
  }

  /// The block's result at the first position alone, [batch, length, width] → [batch, width].
  ///
  /// This is what a classifier reads of the last block. Queries, the output layer and the feed-forward network of all other
  /// positions are skipped, five sixths of the block's work.
  ///
  /// - Precondition: the block has no cross-attention.
  public func firstToken(of x: Tensor) -> Tensor {
    require(crossAttention == nil, "firstToken: a block with cross-attention")
    let all = isPreNorm ? norm1(x) : x
    let sum =
      x.slice(0..<1, along: 1)
      + dropout(attention(all.slice(0..<1, along: 1), to: .sequence(key: all, value: all)))
    let first = residual(isPreNorm ? sum : norm1(sum), norm2) { feedForward($0) }
    return first.reshaped(to: [x.shape[0], x.shape[2]])
  }

  /// One part with its norm and its residual connection.
  private func residual(_ x: Tensor, _ norm: any Layer, _ part: (Tensor) -> Tensor) -> Tensor {
    isPreNorm ? x + part(norm(x)) : norm(x + part(x))
  }
}
