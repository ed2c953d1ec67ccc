// The key–value cache of a decoder: with it, each new token costs the work of one position.
// Read first: MultiheadAttention.swift, ApusTensor/Ops/CachedAttention.swift. Read next: AttentionMemory.swift.

import ApusBase
public import ApusTensor

/// The keys and values of one attention layer for all positions so far, in memory that grows by doubling.
public final class KeyValueCache {
  private var memory: CachedKeysAndValues

  /// - Parameters:
  ///   - batch: the number of sequences.
  ///   - capacity: the maximum number of positions.
  ///   - width: the size of the keys, and of the values, of one position: key–value heads · head size.
  public convenience init(batch: Int, capacity: Int, width: Int) {
    self.init(CachedKeysAndValues(batch: batch, capacity: capacity, width: width))
  }

  private init(_ memory: CachedKeysAndValues) { self.memory = memory }

  /// The number of positions in the cache.
  public var count: Int { memory.count }

  /// The maximum number of positions.
  public var capacity: Int { memory.capacity }

  /// Drops all positions from `count` on.
  public func truncate(to count: Int) { memory.truncate(to: count) }

  /// A copy of the keys of all positions so far, [batch, count, width].
  var storedKeys: Tensor { memory.storedKeys }

  /// Appends new positions, and attends causally from their queries to everything so far.
  ///
  /// - Parameters:
  ///   - projection: [batch, new, 3 · width]: queries, keys and values side by side.
  ///   - heads: the number of heads.
  ///   - bias: added to the scores, broadcast to [batch, heads, new, count + new or more]; −∞ hides a key.
  ///   - scale: the factor of the scores; nil: 1/√(head size).
  /// - Returns: [batch, new, width]
  /// - Precondition: there is room.
  public func attend(_ projection: Tensor, heads: Int, bias: Tensor? = nil, scale: Float? = nil) -> Tensor {
    memory.appendAndAttend(projection, heads: heads, bias: bias, scale: scale)
  }

  /// The same for queries, keys and values in three tensors, possibly with fewer key–value heads than query heads.
  ///
  /// - Parameters:
  ///   - query: [batch, new, heads · head size]
  ///   - key: [batch, new, key–value heads · head size]
  ///   - value: the same shape.
  ///   - heads: the number of query heads.
  ///   - keyValueHeads: the number of key–value heads; nil: as many as query heads.
  ///   - bias: added to the scores, broadcast to [batch, heads, new, count + new or more]; −∞ hides a key.
  ///   - scale: the factor of the scores; nil: 1/√(head size).
  /// - Returns: [batch, new, heads · head size]
  /// - Precondition: there is room.
  public func attend(
    query: Tensor, key: Tensor, value: Tensor, heads: Int, keyValueHeads: Int? = nil, bias: Tensor? = nil,
    scale: Float? = nil
  ) -> Tensor {
    memory.appendAndAttend(
      query: query, key: key, value: value, heads: heads, keyHeads: keyValueHeads, bias: bias, scale: scale)
  }

  /// Overwrites positions of some rows with those of others; all moves read the state before the call.
  public func move(_ moves: [CachedKeysAndValues.Move]) { memory.move(moves) }

  /// A cache in which every row of this one is repeated `times` times in succession.
  public func repeated(_ times: Int) -> KeyValueCache { KeyValueCache(memory.repeated(times)) }
}
