// A block of Llama and its attention. Read first: ApusNN/Layers/GatedFeedForward.swift, ApusTensor/Ops/Rotary.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// x + attention(norm(x)), then x + feedForward(norm(x)), with positions as rotations.
///
/// ```
///   x ──┬─ norm1 ─ attention ─(+)──┬─ norm2 ─ feedForward ─(+)── y
///       └──────────────────────┘   └────────────────────────┘
/// ```
public final class LlamaBlock: Module {
  /// Before the attention.
  public let norm1: RMSNorm
  /// From every position to itself and those before it.
  public let attention: GroupedQueryAttention
  /// Before the feed-forward network.
  public let norm2: RMSNorm
  /// At every position by itself.
  public let feedForward: GatedFeedForward

  init(_ c: Llama.Configuration) {
    norm1 = RMSNorm(c.width, epsilon: c.epsilon)
    attention = GroupedQueryAttention(
      c.width, heads: c.heads, keyHeads: c.keyHeads, headSize: c.headSize, pairing: c.rotaryPairing,
      bias: c.hasAttentionBias)
    norm2 = RMSNorm(c.width, epsilon: c.epsilon)
    feedForward = GatedFeedForward(
      c.width, hidden: c.hidden, activation: c.activation, bias: c.hasFeedForwardBias)
  }

  /// - Parameters:
  ///   - x: [batch, length, width]
  ///   - angles: cosines and sines of the positions, [length or batch · length, head size / 2].
  /// - Returns: [batch, length, width]
  public func callAsFunction(_ x: Tensor, angles: (cosines: Tensor, sines: Tensor), mask: AttentionMask) -> Tensor {
    let attended = x + attention(norm1(x), angles: angles, mask: mask)
    return attended + feedForward(norm2(attended))
  }
}

/// Attention in which groups of query heads share one head of keys and values (Ainslie et al., arXiv:2305.13245), with
/// positions as rotations.
///
/// With as many key heads as query heads it is `MultiheadAttention`, with one it is multi-query attention.
public final class GroupedQueryAttention: Module {
  /// Heads of queries.
  public let heads: Int
  /// Heads of keys and values.
  public let keyHeads: Int
  /// Which features of a head are turned together.
  public let pairing: RotaryPairing
  /// [heads · head size, width]
  public let query: Linear
  /// [key heads · head size, width]
  public let key: Linear
  /// [key heads · head size, width]
  public let value: Linear
  /// [width, heads · head size]
  public let output: Linear

  /// - Precondition: `keyHeads` divides `heads`.
  public init(_ width: Int, heads: Int, keyHeads: Int, headSize: Int, pairing: RotaryPairing, bias: Bool = false) {
    require(keyHeads > 0 && heads % keyHeads == 0, "GroupedQueryAttention: \(heads) heads, \(keyHeads) of keys")
    (self.heads, self.keyHeads, self.pairing) = (heads, keyHeads, pairing)
    let initializer = Initializer.normal(standardDeviation: 0.02)
    query = Linear(width, heads * headSize, bias: bias, initializer: initializer)
    key = Linear(width, keyHeads * headSize, bias: bias, initializer: initializer)
    value = Linear(width, keyHeads * headSize, bias: bias, initializer: initializer)
    output = Linear(heads * headSize, width, bias: bias, initializer: initializer)
  }

  /// Queries and keys of positions, turned: [batch, length, heads · head size], [batch, length, key heads · head size].
  func turned(_ x: Tensor, _ angles: (cosines: Tensor, sines: Tensor)) -> (query: Tensor, key: Tensor) {
    func turn(_ x: Tensor, _ heads: Int) -> Tensor {
      x.rotated(heads: heads, cosines: angles.cosines, sines: angles.sines, pairing: pairing)
    }
    return (turn(query(x), heads), turn(key(x), keyHeads))
  }

  /// - Parameters:
  ///   - x: [batch, length, width]
  ///   - angles: cosines and sines of the positions, [length or batch · length, head size / 2].
  /// - Returns: [batch, length, width]
  public func callAsFunction(_ x: Tensor, angles: (cosines: Tensor, sines: Tensor), mask: AttentionMask) -> Tensor {
    let (q, k) = turned(x, angles)
    return output(ApusTensor.attention(query: q, key: k, value: value(x), heads: heads, keyHeads: keyHeads, mask: mask))
  }
}
