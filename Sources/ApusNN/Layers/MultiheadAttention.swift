// Attention with learned projections. Read first: ApusTensor/Ops/Attention.swift. Read next: DecoderBlock.swift.

import ApusBase
public import ApusTensor

/// Several attentions side by side on learned projections of their inputs (Vaswani et al., arXiv:1706.03762, section 3.2).
///
/// PyTorch's `in_proj_weight` is `projection.weight`, or, if keys and values have sizes of their own, the three weights
/// of `queryProjection`, `keyProjection` and `valueProjection`.
public final class MultiheadAttention: Module {
  /// Attentions side by side.
  public let heads: Int
  /// Features of queries and results.
  public let width: Int
  /// Of the scores; nil: 1/√(width / heads).
  public let scale: Float?
  /// Queries, keys and values in one product, [3 · width, width]; absent if keys or values have sizes of their own.
  public let projection: Linear?
  /// [width, width]; absent if there is one projection for all.
  public let queryProjection: Linear?
  /// [width, key size]; absent if there is one projection for all.
  public let keyProjection: Linear?
  /// [width, value size]; absent if there is one projection for all.
  public let valueProjection: Linear?
  /// [width, width]
  public let output: Linear

  /// - Parameters:
  ///   - width: features of queries and results; a multiple of `heads`.
  ///   - bias: whether the projections have biases.
  ///   - outputBias: whether the output has one; nil: as the projections.
  ///   - scale: of the scores; nil: 1/√(width / heads).
  ///   - keySize: features of keys, if different.
  ///   - valueSize: features of values, if different.
  public init(
    _ width: Int, heads: Int, bias: Bool = true, outputBias: Bool? = nil, scale: Float? = nil, keySize: Int? = nil,
    valueSize: Int? = nil
  ) {
    require(heads > 0 && width % heads == 0, "MultiheadAttention: width \(width) in \(heads) heads")
    (self.width, self.heads, self.scale) = (width, heads, scale)
    if keySize == nil && valueSize == nil {
      projection = Linear(width, 3 * width, bias: bias, initializer: .xavierUniform)
      (queryProjection, keyProjection, valueProjection) = (nil, nil, nil)
    } else {
      projection = nil
      queryProjection = Linear(width, width, bias: bias, initializer: .xavierUniform)
      keyProjection = Linear(keySize ?? width, width, bias: bias, initializer: .xavierUniform)
      valueProjection = Linear(valueSize ?? width, width, bias: bias, initializer: .xavierUniform)
    }
    output = Linear(width, width, bias: outputBias ?? bias)
    for layer in [projection, queryProjection, keyProjection, valueProjection, output] {
      if let layer, let old = layer.bias { layer.bias = Initializer.zeros(old.shape) }
    }
  }

  /// Self-attention, [batch, length, width] → the same.
  public func callAsFunction(_ x: Tensor, mask: AttentionMask = .none) -> Tensor {
    if let projection { return output(selfAttention(projection(x), heads: heads, mask: mask, scale: scale)) }
    return self(query: x, key: x, value: x, mask: mask)
  }

  /// Attention of queries to other keys and values.
  ///
  /// - Parameters:
  ///   - query: [batch, queries, width]
  ///   - key: [batch, keys, key size]
  ///   - value: [batch, keys, value size]
  /// - Returns: [batch, queries, width]
  public func callAsFunction(
    query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none
  ) -> Tensor {
    let (q, k, v) = projected(query, key, value)
    return output(attention(query: q, key: k, value: v, heads: heads, mask: mask, scale: scale))
  }

  /// The result with the weights that made it, for looking at: this path stores all scores.
  ///
  /// - Returns: the output [batch, queries, width] and the weights [batch, heads, queries, keys].
  public func outputAndWeights(
    query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none
  ) -> (output: Tensor, weights: Tensor) {
    let (q, k, v) = projected(query, key, value)
    let size = width / heads
    func split(_ x: Tensor) -> Tensor {
      x.reshaped(to: [x.shape[0], x.shape[1], heads, size]).permuted([0, 2, 1, 3])
    }
    var scores = split(q).matmul(split(k), transposing: .second) * (scale ?? 1 / Float(size).squareRoot())
    if let bias = mask.additive(batch: q.shape[0], queries: q.shape[1], keys: k.shape[1]) { scores = scores + bias }
    let weights = scores.softmax()
    let result = weights.matmul(split(v)).permuted([0, 2, 1, 3])
    return (output(result.reshaped(to: [q.shape[0], q.shape[1], width])), weights)
  }

  /// Queries, keys and values, each [batch, length, width].
  func projected(_ query: Tensor, _ key: Tensor, _ value: Tensor) -> (Tensor, Tensor, Tensor) {
    (projected(query, 0), projected(key, 1), projected(value, 2))
  }

  /// What queries (part 0), keys (1) or values (2) become: [batch, length, size] → [batch, length, width].
  func projected(_ x: Tensor, _ part: Int) -> Tensor {
    if let own = part == 0 ? queryProjection : part == 1 ? keyProjection : valueProjection { return own(x) }
    guard let projection else { requirementFailure("MultiheadAttention: no projection") }
    let rows = part * width..<(part + 1) * width
    return linear(x, weight: projection.weight.slice(rows), bias: projection.bias?.slice(rows))
  }
}
