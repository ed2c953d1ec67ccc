// The keys and values of an encoder's result, computed once for all tokens that a decoder will write.
// Read first: KeyValueCache.swift. Read next: TransformerDecoderLayer.swift.

import ApusBase
public import ApusTensor

/// What the queries of a decoder layer look at in the encoder's result.
///
/// Several rows of a decoder (the beams of a search) may read the same sequence: their queries are then attended together,
/// so that the memory exists once.
public struct AttentionMemory {
  /// [batch, length, width]
  public let keys: Tensor
  /// [batch, length, width]
  public let values: Tensor
  /// Which positions of the sequences exist.
  public let mask: AttentionMask

  public init(keys: Tensor, values: Tensor, mask: AttentionMask = .none) {
    (self.keys, self.values, self.mask) = (keys, values, mask)
  }

  /// Attention of queries to the memory.
  ///
  /// - Parameters:
  ///   - query: [batch · n, new, heads · size]: n rows for every sequence of the memory, one after the other.
  ///   - scale: of the scores; 1/√size if nil.
  /// - Returns: [batch · n, new, heads · size]
  /// - Precondition: the mask is the same for all queries.
  public func attend(_ query: Tensor, heads: Int, scale: Float? = nil) -> Tensor {
    let (batch, q) = (keys.shape[0], query.shape)
    require(
      q.rank == 3 && batch > 0 && q[0] % batch == 0,
      "AttentionMemory: queries \(q) to a memory \(keys.shape) (expected rows for every sequence)")
    // Queries do not see each other, so those of several rows may stand one behind the other.
    let together = query.reshaped(to: [batch, q[0] / batch * q[1], q[2]])
    return attention(query: together, key: keys, value: values, heads: heads, mask: mask, scale: scale)
      .reshaped(to: q)
  }
}

extension MultiheadAttention {
  /// The keys and values of a sequence, to be attended to later.
  ///
  /// - Parameter x: [batch, length, width]
  public func memory(of x: Tensor, mask: AttentionMask = .none) -> AttentionMemory {
    AttentionMemory(keys: projected(x, 1), values: projected(x, 2), mask: mask)
  }

  /// Attention to a memory, [batch · n, new, width] → the same.
  public func callAsFunction(_ x: Tensor, memory: AttentionMemory) -> Tensor {
    output(memory.attend(projected(x, 0), heads: heads, scale: scale))
  }
}
