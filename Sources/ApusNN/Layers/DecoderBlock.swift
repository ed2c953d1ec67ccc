// The block that GPTs stack. Read first: MultiheadAttention.swift, FeedForward.swift. Read next: KeyValueCache.swift.

public import ApusTensor

/// x + attention(norm(x)), then x + feedForward(norm(x)): causal self-attention, normalized before each part.
///
/// ```
///   x ──┬─ norm1 ─ attention ─ dropout ─ (+) ──┬─ norm2 ─ feedForward ─ (+) ── y
///       └───────────────────────────────┘      └────────────────────────┘
/// ```
///
/// Normalizing before instead of after each part keeps the path along the sums free of any operation, which lets deep
/// stacks train without a warm-up (Radford et al. 2019, section 2.3; Xiong et al., arXiv:2002.04745).
public final class DecoderBlock: Module {
  /// Before the attention.
  public let norm1: LayerNorm
  /// From every position to itself and those before it.
  public let attention: MultiheadAttention
  /// Before the feed-forward network.
  public let norm2: LayerNorm
  /// At every position by itself.
  public let feedForward: FeedForward
  /// Of the attention's result.
  public let dropout: Dropout

  /// - Parameters:
  ///   - width: features of a position; a multiple of `heads`.
  ///   - hidden: features inside the feed-forward network; nil: 4 · width.
  ///   - dropout: probability of dropping an element of each part's result.
  public init(
    width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .geluTanh, bias: Bool = true,
    epsilon: Float = 1e-5, dropout: Float = 0
  ) {
    norm1 = LayerNorm(width, epsilon: epsilon, bias: bias)
    attention = MultiheadAttention(width, heads: heads, bias: bias)
    norm2 = LayerNorm(width, epsilon: epsilon, bias: bias)
    feedForward = FeedForward(width, hidden: hidden, activation: activation, bias: bias, dropout: dropout)
    self.dropout = Dropout(dropout)
  }

  /// [batch, length, width] → the same; position i sees positions 0 ... i, or what another mask says.
  public func callAsFunction(_ x: Tensor, mask: AttentionMask = .causal) -> Tensor {
    let attended = x + dropout(attention(norm1(x), mask: mask))
    return attended + feedForward(norm2(attended))
  }

  /// The same for positions that follow those in the cache, which is extended.
  ///
  /// - Parameter bias: added to the scores; −∞ hides a key.
  public func callAsFunction(_ x: Tensor, cache: KeyValueCache, bias: Tensor? = nil) -> Tensor {
    let attended = x + attention(norm1(x), cache: cache, bias: bias)
    return attended + feedForward(norm2(attended))
  }
}
