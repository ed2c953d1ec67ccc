// What a decoder remembers of earlier positions, so that each new token costs one position's work.
// Read first: MultiheadAttention.swift, ApusTensor/Ops/CachedAttention.swift. Read next: AttentionMemory.swift.

import ApusBase
public import ApusTensor

/// The keys and values of one attention layer for all positions so far, in memory that grows by doubling.
public final class KeyValueCache {
  private var memory: CachedKeysAndValues

  /// - Parameters:
  ///   - batch: sequences.
  ///   - capacity: the most positions.
  ///   - width: features of keys and of values, all heads together.
  public convenience init(batch: Int, capacity: Int, width: Int) {
    self.init(CachedKeysAndValues(batch: batch, capacity: capacity, width: width))
  }

  private init(_ memory: CachedKeysAndValues) { self.memory = memory }

  /// Positions in the cache.
  public var count: Int { memory.count }

  /// The most positions.
  public var capacity: Int { memory.capacity }

  /// Forgets all positions from `count` on.
  public func truncate(to count: Int) { memory.truncate(to: count) }

  /// Adds new positions and lets their queries look at everything so far, causally.
  ///
  /// - Parameters:
  ///   - projection: [batch, new, 3 · width]: queries, keys and values side by side.
  ///   - bias: added to the scores, broadcast to [batch, heads, new, count + new or more]; −∞ hides a key.
  /// - Returns: [batch, new, width]
  /// - Precondition: there is room.
  public func attend(_ projection: Tensor, heads: Int, bias: Tensor? = nil) -> Tensor {
    memory.appendAndAttend(projection, heads: heads, bias: bias)
  }

  /// The same for queries, keys and values in three tensors, with perhaps fewer heads of keys and values.
  ///
  /// - Parameters:
  ///   - query: [batch, new, heads · size]
  ///   - key: [batch, new, key heads · size]
  ///   - value: the same shape.
  ///   - bias: added to the scores, broadcast to [batch, heads, new, count + new or more]; −∞ hides a key.
  ///   - scale: of the scores; 1/√size if nil.
  /// - Returns: [batch, new, heads · size]
  /// - Precondition: there is room.
  public func attend(
    query: Tensor, key: Tensor, value: Tensor, heads: Int, keyHeads: Int? = nil, bias: Tensor? = nil,
    scale: Float? = nil
  ) -> Tensor {
    memory.appendAndAttend(
      query: query, key: key, value: value, heads: heads, keyHeads: keyHeads, bias: bias, scale: scale)
  }

  /// Overwrites positions of rows with those of others, all as they were before.
  public func move(_ moves: [CachedKeysAndValues.Move]) { memory.move(moves) }

  /// A cache in which every row of this one comes `times` times, one after the other.
  public func repeated(_ times: Int) -> KeyValueCache { KeyValueCache(memory.repeated(times)) }
}

extension MultiheadAttention {
  /// Causal self-attention of new positions to those in the cache and to each other; extends the cache.
  ///
  /// - Parameters:
  ///   - x: [batch, new positions, width]
  ///   - bias: added to the scores, broadcast to [batch, heads, new, count + new or more]; −∞ hides a key.
  /// - Precondition: the cache has room; keys and values have no sizes of their own, scores the usual scale.
  public func callAsFunction(_ x: Tensor, cache: KeyValueCache, bias: Tensor? = nil) -> Tensor {
    guard let projection, scale == nil else {
      requirementFailure(
        "MultiheadAttention: a cache needs one projection for queries, keys and values, and scores of the usual scale")
    }
    return output(cache.attend(projection(x), heads: heads, bias: bias))
  }
}
