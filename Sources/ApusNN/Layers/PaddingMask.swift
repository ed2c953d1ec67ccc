// Attention masks for padded batches. Read first: ApusTensor/Ops/Attention.swift.

import ApusBase
public import ApusTensor

extension AttentionMask {
  /// The mask for a batch whose sequences are padded to one length.
  ///
  /// Padding at the end, the usual case, costs nothing: the lengths are enough. Any other pattern, such as padding at the
  /// beginning or gaps, becomes a bias of −∞.
  ///
  /// - Parameters:
  ///   - tokens: [batch, length], 0 at padding and anything else at tokens; nil: there is no padding.
  ///   - causal: whether position i sees positions up to i only.
  public static func padding(_ tokens: IndexTensor?, causal: Bool = false) -> AttentionMask {
    var mask = causal ? AttentionMask.causal : .none
    guard let tokens, tokens.indices.contains(0) else { return mask }
    require(tokens.shape.rank == 2, "AttentionMask.padding: a mask of shape \(tokens.shape) (expected [batch, length])")
    let (batch, length) = (tokens.shape[0], tokens.shape[1])
    let counts = (0..<batch).map { row in tokens.indices[row * length..<(row + 1) * length].prefix { $0 != 0 }.count }
    let real = tokens.indices.count { $0 != 0 }
    if counts.reduce(0, +) == real {
      mask.keyLengths = IndexTensor(counts)
    } else {
      mask.bias = Tensor(tokens.indices.map { $0 == 0 ? -.infinity : 0 }, shape: [batch, 1, 1, length])
    }
    return mask
  }

  /// This mask with something more added to the scores, such as a `RelativePositionBias`.
  ///
  /// - Parameter bias: broadcast to [batch, heads, queries, keys]; nil: nothing.
  public func adding(_ bias: Tensor?) -> AttentionMask {
    guard let bias else { return self }
    var result = self
    result.bias = self.bias.map { $0 + bias } ?? bias
    return result
  }
}
