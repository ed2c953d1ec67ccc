// Text from a Llama, one token at a time, with a key–value cache. Read first: Llama.swift, ../Decoding/TokenDecoder.swift.

import ApusGeneration
import ApusNN
public import ApusTensor

extension Llama: CausalDecoder {
  public var vocabularySize: Int { configuration.vocabularySize }
  /// Rotations go on for ever, if not well.
  public var positionLimit: Int? { nil }
  public var trainedLength: Int? { configuration.contextLength }

  public func makeState(rows: Int = 1, capacity: Int, padding: [Int] = []) -> DecoderState {
    DecoderState(
      rows: rows, capacity: capacity, layers: blocks.count, width: configuration.keyHeads * configuration.headSize,
      padding: padding)
  }

  public func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let (new, start) = (ids.shape[1], state.count)
    let bias = state.paddingBias
    // One set of angles for all rows, unless padding moves them.
    let angles = bias == nil ? rotary.angles(start..<start + new) : rotary.angles(state.positions(new))
    var x = tokenEmbedding(ids)
    for (index, block) in blocks.enumerated() { x = block(x, angles: angles, cache: state.caches[index], bias: bias) }
    let hidden = finalNorm(x)
    return scores(isLastOnly && new > 1 ? hidden.slice(new - 1..<new, along: 1) : hidden)
  }
}

extension LlamaBlock {
  /// The block at positions that follow those in the cache, which is extended.
  func callAsFunction(
    _ x: Tensor, angles: (cosines: Tensor, sines: Tensor), cache: KeyValueCache, bias: Tensor?
  ) -> Tensor {
    let attended = x + attention(norm1(x), angles: angles, cache: cache, bias: bias)
    return attended + feedForward(norm2(attended))
  }
}

extension GroupedQueryAttention {
  /// Causal self-attention of new positions to those in the cache and to each other; extends the cache.
  ///
  /// - Parameters:
  ///   - x: [batch, new positions, width]
  ///   - angles: cosines and sines of the new positions.
  ///   - bias: added to the scores; −∞ hides a key.
  /// - Precondition: the cache has room.
  func callAsFunction(
    _ x: Tensor, angles: (cosines: Tensor, sines: Tensor), cache: KeyValueCache, bias: Tensor? = nil
  ) -> Tensor {
    let (query, key) = turned(x, angles)
    return output(
      cache.attend(query: query, key: key, value: value(x), heads: heads, keyHeads: keyHeads, bias: bias))
  }
}
