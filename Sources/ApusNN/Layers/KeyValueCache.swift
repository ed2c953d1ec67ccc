// What a decoder remembers of earlier positions, so that each new token costs one position's work.
// Read first: DecoderBlock.swift, ApusTensor/Ops/CachedAttention.swift. Read next: ApusModels/GPT/GPT+Generation.swift.

public import ApusTensor

/// The keys and values of one attention layer for all positions so far, in memory that is allocated once.
public final class KeyValueCache {
  private var memory: CachedKeysAndValues

  /// - Parameters:
  ///   - batch: sequences.
  ///   - capacity: the most positions.
  ///   - width: features of keys and of values, all heads together.
  public init(batch: Int, capacity: Int, width: Int) {
    memory = CachedKeysAndValues(batch: batch, capacity: capacity, width: width)
  }

  /// Positions in the cache.
  public var count: Int { memory.count }

  /// The most positions.
  public var capacity: Int { memory.capacity }

  /// Forgets all positions from `count` on.
  public func truncate(to count: Int) { memory.truncate(to: count) }

  func attend(_ projection: Tensor, heads: Int) -> Tensor {
    memory.appendAndAttend(projection, heads: heads)
  }
}

extension MultiheadAttention {
  /// Causal self-attention of new positions to those in the cache and to each other; extends the cache.
  ///
  /// - Parameter x: [batch, new positions, width]
  /// - Precondition: the cache has room; keys and values have no sizes of their own.
  public func callAsFunction(_ x: Tensor, cache: KeyValueCache) -> Tensor {
    guard let projection else {
      requirementFailure("MultiheadAttention: a cache needs one projection for queries, keys and values")
    }
    return output(cache.attend(projection(x), heads: heads))
  }
}
