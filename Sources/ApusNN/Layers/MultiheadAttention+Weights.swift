// Attention weights as a matrix, for looking at. Read first: MultiheadAttention.swift, ForwardObserver.swift.

public import ApusTensor

extension MultiheadAttention {
  /// The result together with the weights that made it, as PyTorch's with `need_weights`: this path stores all scores.
  ///
  /// - Parameters:
  ///   - query: [batch, queries, width]
  ///   - key: [batch, keys, key size]
  ///   - value: [batch, keys, value size]
  ///   - mask: which keys are seen, and what is added to the scores.
  /// - Returns: the output [batch, queries, width] and the weights [batch, heads, queries, keys].
  public func outputAndWeights(
    query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none
  ) -> (output: Tensor, weights: Tensor) {
    let (q, k, v) = (projected(query, .query), projected(key, .key), projected(value, .value))
    let weights = weights(query: q, key: k, mask: mask)
    let (batch, queries, keys) = (q.shape[0], q.shape[1], k.shape[1])
    let result = weights.reshaped(to: [batch, keyValueHeads, heads / keyValueHeads * queries, keys])
      .matmul(split(v, keyValueHeads)).reshaped(to: [batch, heads, queries, headSize]).permuted([0, 2, 1, 3])
    return (output(result.reshaped(to: [batch, queries, heads * headSize])), weights)
  }

  /// softmax(scale · Q·Kᵀ + mask) of projected queries and keys.
  ///
  /// - Parameters:
  ///   - query: [batch, queries, heads · head size]
  ///   - key: [batch, keys, key–value heads · head size]
  /// - Returns: [batch, heads, queries, keys]
  func weights(query: Tensor, key: Tensor, mask: AttentionMask) -> Tensor {
    let (batch, queries, keys) = (query.shape[0], query.shape[1], key.shape[1])
    // The query heads of a group follow each other, so that their rows are the rows of one product.
    let grouped = split(query, heads).reshaped(
      to: [batch, keyValueHeads, heads / keyValueHeads * queries, headSize])
    var scores = grouped.matmul(split(key, keyValueHeads), transposing: .second)
    scores = scores.reshaped(to: [batch, heads, queries, keys]) * (scale ?? 1 / Float(headSize).squareRoot())
    if let bias = mask.additive(batch: batch, queries: queries, keys: keys) { scores = scores + bias }
    return scores.softmax()
  }

  /// The weights of the newest positions, whose keys are the last of the cache.
  func weights(query: Tensor, cache: KeyValueCache, bias: Tensor?) -> Tensor {
    let count = cache.count
    let bias = bias.map { ($0.shape.last ?? 1) > count ? $0.slice(0..<count, along: $0.rank - 1) : $0 }
    return weights(
      query: query, key: cache.storedKeys, mask: AttentionMask(causalOffset: count - query.shape[1], bias: bias))
  }

  /// The weights of queries to a memory, of which each sequence may have several rows of queries.
  func weights(query: Tensor, memory: AttentionMemory) -> Tensor {
    let (batch, rows, new, keys) = (memory.keys.shape[0], query.shape[0], query.shape[1], memory.keys.shape[1])
    let together = query.reshaped(to: [batch, rows / batch * new, query.shape[2]])
    let all = weights(query: together, key: memory.keys, mask: memory.mask)
    return all.reshaped(to: [batch, heads, rows / batch, new, keys]).permuted([0, 2, 1, 3, 4])
      .reshaped(to: [rows, heads, new, keys])
  }

  /// [batch, length, heads · head size] → [batch, heads, length, head size]
  private func split(_ x: Tensor, _ heads: Int) -> Tensor {
    x.reshaped(to: [x.shape[0], x.shape[1], heads, headSize]).permuted([0, 2, 1, 3])
  }
}
