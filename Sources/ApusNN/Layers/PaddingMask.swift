// Which tokens of a batch are real, as attention wants to know it. Read first: ApusTensor/Ops/Attention.swift.

import ApusBase
public import ApusTensor

extension AttentionMask {
  /// The mask for a batch whose sequences are filled up to one length.
  ///
  /// Padding behind the tokens, the usual case, costs nothing: the number of tokens is enough. Any other pattern (padding
  /// in front, gaps) becomes a bias of −∞.
  ///
  /// - Parameters:
  ///   - tokens: [batch, length], 0 at padding and anything else at tokens; nil: all are tokens.
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
}
