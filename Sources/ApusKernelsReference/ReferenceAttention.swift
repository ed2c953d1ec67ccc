// The naive twin of attention, forward and backward, which stores the whole matrix of probabilities.
// Read next: ApusKernelsBaseline/Attention/AttentionForward.swift, which never stores that matrix.

extension Reference {
  /// The sizes of an attention, and its masks.
  package struct AttentionSizes: Sendable {
    /// B, the number of sequences.
    package var batch = 1
    /// H, the number of query heads.
    package var heads = 1
    /// G, the number of KV heads; query head h reads KV head h · G / H.
    package var keyHeads = 1
    /// T, the number of queries.
    package var queryLength: Int
    /// S, the number of keys.
    package var keyLength: Int
    /// D, the elements in each query and key.
    package var headSize: Int
    /// E, the elements in each value.
    package var valueSize: Int
    /// Query i sees the keys 0 ... i + causalOffset; nil: all keys.
    package var causalOffset: Int?
    /// The number of keys in each sequence of the batch, [B]; nil: S in all of them.
    package var keyLengths: [Int32]?

    /// One sequence and one head, without a mask.
    package init(queryLength: Int, keyLength: Int, headSize: Int, valueSize: Int) {
      (self.queryLength, self.keyLength) = (queryLength, keyLength)
      (self.headSize, self.valueSize) = (headSize, valueSize)
    }

    /// The number of keys that query i of sequence b sees, which are the first ones.
    package func visibleKeys(sequence b: Int, query i: Int) -> Int {
      let existing = min(keyLength, keyLengths.map { Int($0[b]) } ?? keyLength)
      return max(0, min(existing, causalOffset.map { i + $0 + 1 } ?? existing))
    }
  }

  /// O = P·V with P = softmax(scale · Q·Kᵀ + bias) over the keys that a query sees; a query that sees none gives zeros.
  ///
  /// - Parameters:
  ///   - query: Q [B, H, T, D]
  ///   - key: K [B, G, S, D]
  ///   - value: V [B, G, S, E]
  ///   - bias: [B, H, T, S]; nil: zeros.
  ///   - scale: The factor of Q·Kᵀ.
  ///   - s: The sizes and masks.
  /// - Returns: O [B, H, T, E]; ln Σ exp of the visible scores [B, H, T]; P [B, H, T, S], zeros for keys that are not seen.
  @specialized(where T == Double)
  package static func attention<T: ReferenceScalar>(
    query: [T], key: [T], value: [T], bias: [T]? = nil, scale: T, _ s: AttentionSizes
  ) -> (output: [T], logSumExp: [T], probabilities: [T]) {
    let rows = s.batch * s.heads * s.queryLength
    var output = [T](repeating: 0, count: rows * s.valueSize)
    var logarithms = [T](repeating: -T.infinity, count: rows)
    var probabilities = [T](repeating: 0, count: rows * s.keyLength)
    for row in 0..<rows {
      let (head, i) = (row / s.queryLength, row % s.queryLength)
      let (b, h) = (head / s.heads, head % s.heads)
      let keyStart = (b * s.keyHeads + h * s.keyHeads / s.heads) * s.keyLength
      var scores: [T] = []
      for j in 0..<s.visibleKeys(sequence: b, query: i) {
        var dot: T = 0
        for d in 0..<s.headSize { dot += query[row * s.headSize + d] * key[(keyStart + j) * s.headSize + d] }
        scores.append(scale * dot + (bias?[row * s.keyLength + j] ?? 0))
      }
      logarithms[row] = logSumExp(scores[...])
      if logarithms[row] == -T.infinity { continue }
      for j in scores.indices {
        let p = T.exp(scores[j] - logarithms[row])
        probabilities[row * s.keyLength + j] = p
        for e in 0..<s.valueSize { output[row * s.valueSize + e] += p * value[(keyStart + j) * s.valueSize + e] }
      }
    }
    return (output, logarithms, probabilities)
  }

  /// The gradients of `attention` from dO [B, H, T, E] and the forward's results.
  ///
  /// dV = Pᵀ·dO; dP = dO·Vᵀ; dS = P ∘ (dP − Σ P ∘ dP); dQ = scale · dS·K; dK = scale · dSᵀ·Q; dbias = dS. A KV head that
  /// several query heads share receives the sum of their gradients.
  ///
  /// - Returns: dQ, dK, dV and dbias, in the shapes of Q, K, V and the bias.
  @specialized(where T == Double)
  package static func attentionBackward<T: ReferenceScalar>(
    query: [T], key: [T], value: [T], probabilities: [T], outputGradient: [T], scale: T, _ s: AttentionSizes
  ) -> (query: [T], key: [T], value: [T], bias: [T]) {
    var dQuery = [T](repeating: 0, count: query.count)
    var (dKey, dValue) = ([T](repeating: 0, count: key.count), [T](repeating: 0, count: value.count))
    var dScores = [T](repeating: 0, count: probabilities.count)
    for row in 0..<s.batch * s.heads * s.queryLength {
      let head = row / s.queryLength
      let keyHead = head / s.heads * s.keyHeads + head % s.heads * s.keyHeads / s.heads
      var mean: T = 0
      for j in 0..<s.keyLength {
        let (key, p) = (keyHead * s.keyLength + j, probabilities[row * s.keyLength + j])
        var dp: T = 0
        for e in 0..<s.valueSize {
          let dOutput = outputGradient[row * s.valueSize + e]
          dp += dOutput * value[key * s.valueSize + e]
          dValue[key * s.valueSize + e] += p * dOutput
        }
        dScores[row * s.keyLength + j] = dp
        mean += p * dp
      }
      for j in 0..<s.keyLength {
        let (keyRow, i) = (keyHead * s.keyLength + j, row * s.keyLength + j)
        dScores[i] = probabilities[i] * (dScores[i] - mean)
        for d in 0..<s.headSize {
          dQuery[row * s.headSize + d] += scale * dScores[i] * key[keyRow * s.headSize + d]
          dKey[keyRow * s.headSize + d] += scale * dScores[i] * query[row * s.headSize + d]
        }
      }
    }
    return (dQuery, dKey, dValue, dScores)
  }
}
