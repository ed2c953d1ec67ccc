// The decoder's layer of the Transformer: it also looks at what the encoder has read.
// Read first: EncoderBlock.swift, AttentionMemory.swift. Read next: ApusLanguage/Transformer/Transformer.swift.

public import ApusTensor

/// Causal self-attention, attention to the encoder's result, and a feed-forward network, each with a residual path
/// (Vaswani et al., arXiv:1706.03762, section 3.1).
///
/// As PyTorch's of this name, but `hidden` follows the width where that has 2,048, and nothing is dropped unless it is asked for
/// (there a tenth).
///
/// ```
///   after:  x ─┬─ attention ─(+)─ norm1 ─┬─ crossAttention ─(+)─ norm2 ─┬─ feedForward ─(+)─ norm3 ─ y
///              └──────────────┘          └───────┴───────────┘          └────────────────┘
///                                              memory
/// ```
public final class TransformerDecoderLayer: Module {
  /// From every position to itself and those before it.
  public let attention: MultiheadAttention
  /// Of the first part.
  public let norm1: LayerNorm
  /// From every position to the encoder's.
  public let crossAttention: MultiheadAttention
  /// Of the second part.
  public let norm2: LayerNorm
  /// At every position by itself.
  public let feedForward: FeedForward
  /// Of the third part.
  public let norm3: LayerNorm
  /// Of the attentions' results.
  public let dropout: Dropout
  /// Whether the norms come in front.
  public let normalizesFirst: Bool

  /// - Parameters:
  ///   - width: features of a position; a multiple of `heads`.
  ///   - hidden: features inside the feed-forward network; nil: 4 · width.
  ///   - dropout: probability of dropping an element of each part's result.
  ///   - normalizesFirst: whether the norms come in front: x + part(norm(x)) instead of norm(x + part(x)).
  public init(
    _ width: Int, heads: Int, hidden: Int? = nil, activation: Activation = .relu,
    epsilon: Float = 1e-5, dropout: Float = 0, normalizesFirst: Bool = false
  ) {
    attention = MultiheadAttention(width, heads: heads)
    norm1 = LayerNorm(width, epsilon: epsilon)
    crossAttention = MultiheadAttention(width, heads: heads)
    norm2 = LayerNorm(width, epsilon: epsilon)
    feedForward = FeedForward(width, hidden: hidden, activation: activation, dropout: dropout)
    norm3 = LayerNorm(width, epsilon: epsilon)
    self.dropout = Dropout(dropout)
    self.normalizesFirst = normalizesFirst
  }

  /// - Parameters:
  ///   - x: [batch, length, width]
  ///   - memory: the encoder's result, [batch, source length, width].
  ///   - mask: which positions of x see which.
  ///   - memoryMask: which positions of the memory are seen.
  /// - Returns: [batch, length, width]
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: AttentionMask = .causal, memoryMask: AttentionMask = .none
  ) -> Tensor {
    run(x) {
      attention($0, mask: mask)
    } cross: {
      crossAttention(query: $0, key: memory, value: memory, mask: memoryMask)
    }
  }

  /// The same for positions that follow those in the cache, which is extended, with what was computed of the encoder's result.
  ///
  /// - Parameters:
  ///   - x: [rows, new positions, width]
  ///   - memory: `crossAttention.memory(of:)`, of as many sequences or of a divisor.
  public func callAsFunction(_ x: Tensor, cache: KeyValueCache, memory: AttentionMemory) -> Tensor {
    run(x) {
      attention($0, cache: cache)
    } cross: {
      crossAttention($0, memory: memory)
    }
  }

  private func run(_ x: Tensor, own: (Tensor) -> Tensor, cross: (Tensor) -> Tensor) -> Tensor {
    let attended = residual(x, norm1) { dropout(own($0)) }
    let informed = residual(attended, norm2) { dropout(cross($0)) }
    return residual(informed, norm3) { feedForward($0) }
  }

  private func residual(_ x: Tensor, _ norm: LayerNorm, _ part: (Tensor) -> Tensor) -> Tensor {
    normalizesFirst ? x + part(norm(x)) : norm(x + part(x))
  }
}
