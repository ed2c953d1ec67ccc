// The block that encoders stack: BERT's, and with the norms first ViT's.
// Read first: MultiheadAttention.swift, FeedForward.swift. Read next: DecoderBlock.swift.

public import ApusTensor

/// Self-attention and a position-wise network, each added to what goes past it, with a normalization for each.
///
/// ```
///   norms behind (2017, BERT):   x ─┬─ attention ─(+)─ norm1 ─┬─ feedForward ─(+)─ norm2 ─ y
///                                   └─────────────┘           └───────────────┘
///   norms in front (GPT-2, ViT): x ─┬─ norm1 ─ attention ─(+)─┬─ norm2 ─ feedForward ─(+)─ y
///                                   └─────────────────────┘   └───────────────────────┘
/// ```
///
/// Behind is the original order (Vaswani et al., arXiv:1706.03762); in front trains without a warm-up (Xiong et al.,
/// arXiv:2002.04745).
public final class EncoderBlock: Module {
  /// From every position to every position.
  public let attention: MultiheadAttention
  /// Of the attention: before it, or after its result was added.
  public let norm1: LayerNorm
  /// At every position by itself.
  public let feedForward: FeedForward
  /// Of the network: before it, or after its result was added.
  public let norm2: LayerNorm
  /// Of the attention's result.
  public let dropout: Dropout
  /// Whether the norms come in front.
  public let normalizesFirst: Bool

  /// - Parameters:
  ///   - width: features of a position; a multiple of `heads`.
  ///   - hidden: features inside the feed-forward network; nil: 4 · width.
  ///   - attentionBias: whether queries, keys and values have biases; nil: as everything else.
  ///   - attentionScale: of the attention's scores; nil: 1/√(width / heads).
  ///   - dropout: probability of dropping an element of each part's result.
  ///   - normalizesFirst: whether the norms come in front.
  public init(
    width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .gelu, bias: Bool = true,
    attentionBias: Bool? = nil, attentionScale: Float? = nil, epsilon: Float = 1e-5, dropout: Float = 0,
    normalizesFirst: Bool = false
  ) {
    attention = MultiheadAttention(
      width, heads: heads, bias: attentionBias ?? bias, outputBias: bias, scale: attentionScale)
    norm1 = LayerNorm(width, epsilon: epsilon, bias: bias)
    feedForward = FeedForward(width, hidden: hidden, activation: activation, bias: bias, dropout: dropout)
    norm2 = LayerNorm(width, epsilon: epsilon, bias: bias)
    self.dropout = Dropout(dropout)
    self.normalizesFirst = normalizesFirst
  }

  /// [batch, length, width] → the same.
  public func callAsFunction(_ x: Tensor, mask: AttentionMask = .none) -> Tensor {
    if normalizesFirst {
      let attended = x + dropout(attention(norm1(x), mask: mask))
      return attended + feedForward(norm2(attended))
    }
    let attended = norm1(x + dropout(attention(x, mask: mask)))
    return norm2(attended + feedForward(attended))
  }

  /// The block's result at the first position alone, [batch, length, width] → [batch, width].
  ///
  /// What a classifier reads of the last block: queries, output and feed-forward network of the other positions are not
  /// computed, five sixths of the block's work.
  public func firstToken(of x: Tensor) -> Tensor {
    let all = normalizesFirst ? norm1(x) : x
    let attended =
      x.slice(0..<1, along: 1)
      + dropout(attention(query: all.slice(0..<1, along: 1), key: all, value: all))
    let result: Tensor
    if normalizesFirst {
      result = attended + feedForward(norm2(attended))
    } else {
      let normalized = norm1(attended)
      result = norm2(normalized + feedForward(normalized))
    }
    return result.reshaped(to: [x.shape[0], x.shape[2]])
  }
}
