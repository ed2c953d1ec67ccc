// Text from a Llama, one token at a time, with a key–value cache. Read first: ../Decoding/TokenDecoder.swift.
// Read next: ../Decoding/Generation.swift, which does this for every model.

import ApusNN
public import ApusTensor

extension Llama: CausalDecoder {
  public var vocabularySize: Int { configuration.vocabularySize }
  public var positionLimit: Int? { configuration.contextLength }

  public func makeState(rows: Int = 1, capacity: Int, padding: [Int] = []) -> DecoderState {
    DecoderState(
      rows: rows, capacity: capacity, layers: blocks.count, width: configuration.keyHeads * configuration.headSize,
      padding: padding)
  }

  public func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let new = ids.shape[1]
    let angles = rotary.angles(state.positions(new))
    let bias = state.paddingBias(new)
    var x = tokenEmbedding(ids)
    for (block, cache) in zip(blocks, state.caches) { x = block(x, angles: angles, cache: cache, bias: bias) }
    return scores(finalNorm(isLastOnly && new > 1 ? x.slice(new - 1..<new, along: 1) : x))
  }
}

extension LlamaBlock {
  /// The block for positions that follow those in the cache, which is extended.
  func callAsFunction(
    _ x: Tensor, angles: (cosines: Tensor, sines: Tensor), cache: KeyValueCache, bias: Tensor?
  ) -> Tensor {
    let attended = x + attention(norm1(x), angles: angles, cache: cache, bias: bias)
    return attended + feedForward(norm2(attended))
  }
}

extension GroupedQueryAttention {
  /// Attention of new positions to those in the cache and to each other, causally; extends the cache.
  ///
  /// - Parameters:
  ///   - x: [rows, new, width]
  ///   - bias: added to the scores, broadcast to [rows, heads, new, count + new]; −∞ hides a key.
  func callAsFunction(
    _ x: Tensor, angles: (cosines: Tensor, sines: Tensor), cache: KeyValueCache, bias: Tensor?
  ) -> Tensor {
    let (q, k) = turned(x, angles)
    return output(
      cache.attend(query: q, key: k, value: value(x), heads: heads, keyHeads: keyHeads, bias: bias))
  }
}
