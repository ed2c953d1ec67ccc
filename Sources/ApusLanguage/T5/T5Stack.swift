// T5's encoder and decoder: blocks with one relative position bias, and a final norm.
// Read first: ApusNN/Layers/RelativePositionBias.swift, TransformerStack.swift. Read next: T5.swift.

public import ApusNN
import ApusTensor

/// Pre-norm blocks that share one relative position bias, and a norm after the last one.
///
/// ```
///   x ─ dropout ─ TransformerBlock × layers, scores + positionBias ─ finalNorm ─ dropout
/// ```
public final class T5Stack: Module {
  /// Added to the self-attention scores of every block.
  public let positionBias: RelativePositionBias
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm after the last block.
  public let finalNorm: RMSNorm
  /// Dropout applied to the embeddings and to the result.
  public let dropout: Dropout

  init(_ c: T5.Configuration, layers: Int, isDecoder: Bool) {
    positionBias = RelativePositionBias(
      heads: c.heads, buckets: c.buckets, maximumDistance: c.maximumDistance, isBidirectional: !isDecoder,
      initializer: .normal(standardDeviation: 1 / Float(c.width).squareRoot()))
    blocks = (0..<layers).map { _ in c.makeBlock(isDecoder: isDecoder) }
    finalNorm = RMSNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
  }

  /// The normalized result, [batch, length, width] → the same; see `[TransformerBlock]`.
  func callAsFunction(
    _ x: Tensor, mask: AttentionMask, caches: [KeyValueCache]? = nil, memory: EncoderMemory? = nil,
    observer: ForwardObserver? = nil
  ) -> Tensor {
    blocks(
      dropout(x), mask: mask.adding(distances(x.shape[1], caches?.first)), caches: caches, memory: memory,
      observer: observer
    ) { dropout(finalNorm($0)) }
  }

  /// The position bias of new positions to themselves, or to a cache and themselves.
  private func distances(_ new: Int, _ cache: KeyValueCache?) -> Tensor {
    guard let cache else { return positionBias(queries: new, keys: new) }
    // Wider than necessary, so that the next tokens can use its memory again.
    let keys = min(cache.capacity, (cache.count + new + 255) / 256 * 256)
    return positionBias.constant(queries: new, keys: keys, from: cache.count)
  }
}

extension T5.Configuration {
  /// Attention without scale and biases, and a feed-forward network without biases, both pre-norm with RMSNorm.
  func makeBlock(isDecoder: Bool) -> TransformerBlock {
    TransformerBlock(
      attention: makeAttention(), crossAttention: isDecoder ? makeAttention() : nil, feedForward: makeFeedForward(),
      norm: .rmsNorm(epsilon: epsilon), isPreNorm: true, dropout: dropout)
  }

  private func makeAttention() -> MultiheadAttention {
    let inner = heads * headSize
    func linear(_ inputs: Int, _ outputs: Int, variance: Float) -> Linear {
      Linear(inputs, outputs, bias: false, initializer: .normal(standardDeviation: variance.squareRoot()))
    }
    // The scores are not divided by √headSize, so queries start that much smaller.
    return MultiheadAttention(
      query: linear(width, inner, variance: 1 / Float(width * headSize)),
      key: linear(width, inner, variance: 1 / Float(width)), value: linear(width, inner, variance: 1 / Float(width)),
      output: linear(inner, width, variance: 1 / Float(inner)), heads: heads, scale: 1)
  }

  private func makeFeedForward() -> FeedForward {
    let network = FeedForward(
      width, intermediateSize: intermediateSize, activation: activation, isGated: isGated, bias: false, dropout: dropout
    )
    let (inner, outer) = (
      Initializer.normal(standardDeviation: 1 / Float(width).squareRoot()),
      Initializer.normal(standardDeviation: 1 / Float(intermediateSize).squareRoot())
    )
    network.gate?.weight = inner([intermediateSize, width])
    network.expansion.weight = inner([intermediateSize, width])
    network.contraction.weight = outer([width, intermediateSize])
    return network
  }
}
