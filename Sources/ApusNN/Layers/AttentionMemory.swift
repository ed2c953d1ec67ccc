// Keys and values of the encoder's output, projected once for all tokens that a decoder will write.
// Read first: MultiheadAttention.swift. Read next: KeyValueCache.swift, TransformerBlock.swift.

import ApusBase
public import ApusTensor

/// The keys and values that the cross-attention of one decoder block reads.
///
/// Several rows of a decoder, such as the beams of a search, may read the same sequence: their queries are attended
/// together, so that the memory exists once.
public struct AttentionMemory {
  /// [batch, length, key–value heads · head size]
  public let keys: Tensor
  /// [batch, length, key–value heads · head size]
  public let values: Tensor
  /// Which positions of the sequences exist.
  public let mask: AttentionMask

  /// - Parameters:
  ///   - keys: [batch, length, key–value heads · head size]
  ///   - values: the same shape.
  ///   - mask: which positions of the sequences exist; the same for all queries.
  public init(keys: Tensor, values: Tensor, mask: AttentionMask = .none) {
    (self.keys, self.values, self.mask) = (keys, values, mask)
  }

  /// The attention of projected queries to the memory.
  ///
  /// - Parameters:
  ///   - query: [batch · n, new, heads · head size]: n consecutive rows for every sequence of the memory.
  ///   - heads: the number of query heads.
  ///   - keyValueHeads: the number of key–value heads; nil: as many as query heads.
  ///   - scale: the factor of the scores; nil: 1/√(head size).
  /// - Returns: [batch · n, new, heads · head size]
  /// - Precondition: the mask is the same for all queries.
  public func attend(_ query: Tensor, heads: Int, keyValueHeads: Int? = nil, scale: Float? = nil) -> Tensor {
    let (batch, q) = (keys.shape[0], query.shape)
    require(
      q.rank == 3 && batch > 0 && q[0] % batch == 0,
      "AttentionMemory: queries \(q) to a memory \(keys.shape) (expected rows for every sequence)")
    // Queries do not see each other, so those of several rows may be concatenated into one sequence.
    let together = query.reshaped(to: [batch, q[0] / batch * q[1], q[2]])
    return attention(
      query: together, key: keys, value: values, heads: heads, keyHeads: keyValueHeads, mask: mask, scale: scale
    ).reshaped(to: q)
  }
}
