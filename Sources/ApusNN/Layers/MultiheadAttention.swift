// Attention with learned projections: to the sequence itself, to another one, to a cache, to an encoder's memory.
// Read first: ApusTensor/Ops/Attention.swift. Read next: MultiheadAttention+Weights.swift, TransformerBlock.swift.

import ApusBase
public import ApusTensor

/// Where the keys and values of an attention come from.
public enum AttentionSource {
  /// The sequence that asks: self-attention.
  case itself
  /// Other sequences, key [batch, keys, key size] and value [batch, keys, value size]: cross-attention.
  case sequence(key: Tensor, value: Tensor)
  /// The sequence that asks and everything before it: causal self-attention of new positions, which extend the cache.
  case cache(KeyValueCache)
  /// Keys and values that were projected once, usually from the encoder's output.
  case memory(AttentionMemory)
}

/// Several attentions side by side on learned projections of their inputs (Vaswani et al., arXiv:1706.03762, section 3.2).
///
/// ```
///   x ────── query ─ (rotary) ─┐
///   source ─ key ─── (rotary) ─┼─ softmax(scale · Q·Kᵀ + mask)·V for every head ─ output ─ [batch, queries, width]
///   source ─ value ────────────┘
/// ```
///
/// Groups of query heads may share one head of keys and values: with as many key–value heads as query heads this is
/// multi-head attention, with fewer grouped-query attention (Ainslie et al., arXiv:2305.13245), with one multi-query
/// attention (Shazeer, arXiv:1911.02150).
///
/// Queries, keys and values are projected by one fused layer, PyTorch's `in_proj_weight`, or by three.
public final class MultiheadAttention: Module {
  /// The number of query heads.
  public let heads: Int
  /// The number of key–value heads; divides `heads`.
  public let keyValueHeads: Int
  /// The size of a head.
  public let headSize: Int
  /// The factor of the attention scores; nil: 1/√headSize.
  public let scale: Float?
  /// The fused projection of queries, keys and values, [3 · width, width]; absent if there are three.
  public let projection: Linear?
  /// [heads · head size, width]; absent if the projection is fused.
  public let query: Linear?
  /// [key–value heads · head size, key size]; absent if the projection is fused.
  public let key: Linear?
  /// [key–value heads · head size, value size]; absent if the projection is fused.
  public let value: Linear?
  /// [width, heads · head size]
  public let output: Linear

  /// Creates an attention from its separate projections, whose shapes determine the size of a head.
  ///
  /// - Parameters:
  ///   - query: [heads · head size, width]
  ///   - key: [key–value heads · head size, key size]
  ///   - value: [key–value heads · head size, value size]
  ///   - output: [width, heads · head size]
  ///   - heads: the number of query heads.
  ///   - keyValueHeads: the number of key–value heads; nil: as many as query heads.
  ///   - scale: the factor of the attention scores; nil: 1/√headSize.
  /// - Precondition: the sizes agree; `keyValueHeads` divides `heads`.
  public init(
    query: Linear, key: Linear, value: Linear, output: Linear, heads: Int, keyValueHeads: Int? = nil,
    scale: Float? = nil
  ) {
    (self.heads, self.keyValueHeads, self.scale) = (heads, keyValueHeads ?? heads, scale)
    (projection, self.query, self.key, self.value, self.output) = (nil, query, key, value, output)
    let (q, k, v, o) = (query.weight.shape, key.weight.shape, value.weight.shape, output.weight.shape)
    headSize = q[0] / max(1, heads)
    require(
      heads > 0 && self.keyValueHeads > 0 && heads % self.keyValueHeads == 0 && q[0] == heads * headSize
        && k[0] == self.keyValueHeads * headSize && v[0] == k[0] && o[1] == q[0],
      """
      MultiheadAttention: weights \(q), \(k), \(v), \(o) for \(heads) query heads, \(self.keyValueHeads) key–value heads
      """)
  }

  /// Creates an attention as PyTorch's `nn.MultiheadAttention`: Xavier-uniform projections, biases zero.
  ///
  /// The projection is fused unless keys or values have a size or a number of heads of their own.
  ///
  /// - Parameters:
  ///   - width: the embedding dimension, the size of queries and results; a multiple of `heads`.
  ///   - heads: the number of query heads.
  ///   - keyValueHeads: the number of key–value heads; nil: as many as query heads.
  ///   - bias: whether the projections have biases.
  ///   - outputBias: whether the output layer has one; nil: as the projections.
  ///   - scale: the factor of the attention scores; nil: 1/√headSize.
  ///   - keySize: the size of the keys' input, if not `width`.
  ///   - valueSize: the size of the values' input, if not `width`.
  /// - Precondition: `heads` divides `width`, `keyValueHeads` divides `heads`.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, bias: Bool = true, outputBias: Bool? = nil,
    scale: Float? = nil, keySize: Int? = nil, valueSize: Int? = nil
  ) {
    let groups = keyValueHeads ?? heads
    require(
      heads > 0 && width % heads == 0 && groups > 0 && heads % groups == 0,
      "MultiheadAttention: width \(width) in \(heads) query heads, \(groups) key–value heads")
    (self.heads, self.keyValueHeads, self.scale, headSize) = (heads, groups, scale, width / heads)
    let keyWidth = groups * headSize
    if keySize == nil && valueSize == nil && groups == heads {
      projection = Linear(width, 3 * width, bias: bias, initializer: .xavierUniform)
      (query, key, value) = (nil, nil, nil)
    } else {
      projection = nil
      query = Linear(width, width, bias: bias, initializer: .xavierUniform)
      key = Linear(keySize ?? width, keyWidth, bias: bias, initializer: .xavierUniform)
      value = Linear(valueSize ?? width, keyWidth, bias: bias, initializer: .xavierUniform)
    }
    output = Linear(width, width, bias: outputBias ?? bias)
    for layer in [projection, query, key, value, output] {
      if let layer, let old = layer.bias { layer.bias = Initializer.zeros(old.shape) }
    }
  }

  /// The embedding dimension, the size of queries and results.
  public var width: Int { output.weight.shape[0] }

  /// The attention of x to a source.
  ///
  /// - Parameters:
  ///   - x: [batch, queries, width]
  ///   - source: where keys and values come from.
  ///   - mask: which keys are seen, and what is added to the scores, such as a `RelativePositionBias`. A cache is causal by
  ///     itself and takes only the `bias`, whose last axis may be longer than the keys.
  ///   - rotary: rotates queries, and keys that come from x.
  ///   - onWeights: receives the attention weights, [batch, heads, queries, keys], which are computed for it alone.
  /// - Returns: [batch, queries, width]
  /// - Complexity: 2·queries·keys·2·width operations besides the projections; no matrix of scores is stored.
  /// - Precondition: a cache has room.
  public func callAsFunction(
    _ x: Tensor, to source: AttentionSource = .itself, mask: AttentionMask = .none, rotary: RotaryAngles? = nil,
    onWeights: ((Tensor) -> Void)? = nil
  ) -> Tensor {
    if let projection, rotary == nil {
      // Queries, keys and values side by side: one product, no copies, one gradient.
      switch source {
      case .itself:
        let all = projection(x)
        if let onWeights { onWeights(weights(query: part(0, of: all), key: part(1, of: all), mask: mask)) }
        return output(selfAttention(all, heads: heads, mask: mask, scale: scale))
      case .cache(let cache):
        let all = projection(x)
        let result = cache.attend(all, heads: heads, bias: cacheBias(mask), scale: scale)
        if let onWeights { onWeights(weights(query: part(0, of: all), cache: cache, bias: mask.bias)) }
        return output(result)
      case .sequence, .memory: break
      }
    }
    return output(attended(x, to: source, mask: mask, rotary: rotary, onWeights: onWeights))
  }

  /// The attention of queries to keys and values, as PyTorch calls it.
  ///
  /// - Parameters:
  ///   - query: [batch, queries, width]
  ///   - key: [batch, keys, key size]
  ///   - value: [batch, keys, value size]
  ///   - mask: which keys are seen, and what is added to the scores.
  /// - Returns: [batch, queries, width]
  public func callAsFunction(query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none) -> Tensor {
    self(query, to: .sequence(key: key, value: value), mask: mask)
  }

  /// The keys and values of a sequence, to be attended to any number of times.
  ///
  /// - Parameters:
  ///   - x: [batch, length, width]
  ///   - mask: which positions exist.
  public func memory(of x: Tensor, mask: AttentionMask = .none) -> AttentionMemory {
    AttentionMemory(keys: projected(x, .key), values: projected(x, .value), mask: mask)
  }

  /// Attention with queries, keys and values in three tensors, before the output layer.
  private func attended(
    _ x: Tensor, to source: AttentionSource, mask: AttentionMask, rotary: RotaryAngles?, onWeights: ((Tensor) -> Void)?
  ) -> Tensor {
    func rotated(_ x: Tensor, _ heads: Int) -> Tensor { rotary.map { $0.rotate(x, heads: heads) } ?? x }
    let query = rotated(projected(x, .query), heads)
    switch source {
    case .itself, .sequence:
      let (keys, values): (Tensor, Tensor)
      if case .sequence(let key, let value) = source {
        (keys, values) = (projected(key, .key), projected(value, .value))
      } else {
        (keys, values) = (rotated(projected(x, .key), keyValueHeads), projected(x, .value))
      }
      if let onWeights { onWeights(weights(query: query, key: keys, mask: mask)) }
      return attention(
        query: query, key: keys, value: values, heads: heads, keyHeads: keyValueHeads, mask: mask, scale: scale)
    case .cache(let cache):
      let result = cache.attend(
        query: query, key: rotated(projected(x, .key), keyValueHeads), value: projected(x, .value), heads: heads,
        keyValueHeads: keyValueHeads, bias: cacheBias(mask), scale: scale)
      if let onWeights { onWeights(weights(query: query, cache: cache, bias: mask.bias)) }
      return result
    case .memory(let memory):
      if let onWeights { onWeights(weights(query: query, memory: memory)) }
      return memory.attend(query, heads: heads, keyValueHeads: keyValueHeads, scale: scale)
    }
  }

  private func cacheBias(_ mask: AttentionMask) -> Tensor? {
    require(
      mask.keyLengths == nil && mask.allowed == nil,
      "MultiheadAttention: a mask of key lengths or allowed keys for a cache (expected a bias)")
    return mask.bias
  }

  enum Part: Int { case query, key, value }

  /// The queries, keys or values of x, [batch, length, size] → [batch, length, heads · head size].
  func projected(_ x: Tensor, _ part: Part) -> Tensor {
    let own: Linear? =
      switch part {
      case .query: query
      case .key: key
      case .value: value
      }
    if let own { return own(x) }
    guard let projection else { requirementFailure("MultiheadAttention: no projection") }
    let width = heads * headSize
    let rows = part.rawValue * width..<(part.rawValue + 1) * width
    return linear(x, weight: projection.weight.slice(rows), bias: projection.bias?.slice(rows))
  }

  /// The queries (0), keys (1) or values (2) in the result of the fused projection.
  private func part(_ index: Int, of all: Tensor) -> Tensor {
    let width = heads * headSize
    return all.slice(index * width..<(index + 1) * width, along: 2)
  }
}
