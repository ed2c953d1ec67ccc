// Which keys a query of an attention may look at, and what is added to its scores.
// Read next: Attention.swift.

import ApusBase
import ApusKernelTypes

/// Which keys a query may look at, and what is added to the scores.
///
/// All parts hold together: a query sees a key that none of them hides. A query that sees no key at all (a row of padding) has
/// the result zero, no weights, and passes no gradient on.
public struct AttentionMask: Sendable {
  /// Query i sees keys 0 ... i + offset; nil: no such limit.
  ///
  /// With as many queries as keys the offset is 0. When the queries are the last of more keys (a cache), it is the number of
  /// keys before them.
  public var causalOffset: Int?
  /// How many keys of each sequence exist, [batch]; the others (padding at the end) are not seen, nor read.
  public var keyLengths: IndexTensor?
  /// 1 where a query may look at a key and 0 where it may not, broadcast to [batch, heads, queries, keys].
  ///
  /// (Other positive numbers w are weights: a key counts as w keys would.) Not differentiable.
  public var allowed: Tensor?
  /// Added to the scaled scores, broadcast to [batch, heads, queries, keys]; −∞ hides a key. Differentiable.
  public var bias: Tensor?

  /// Every query sees every key.
  public static let none = AttentionMask()

  /// Query i sees keys 0 ... i.
  public static let causal = AttentionMask(causalOffset: 0)

  /// Keys that are padding, at either end or in between, are seen by no query.
  ///
  /// - Parameter present: [batch, keys], 1 for a key and 0 for padding.
  public static func padding(_ present: Tensor) -> AttentionMask {
    require(present.rank == 2, "AttentionMask.padding: shape \(present.shape) (expected [batch, keys])")
    return AttentionMask(allowed: present.detached.reshaped(to: [present.shape[0], 1, 1, present.shape[1]]))
  }

  public init(
    causalOffset: Int? = nil, keyLengths: IndexTensor? = nil, allowed: Tensor? = nil, bias: Tensor? = nil
  ) {
    self.causalOffset = causalOffset
    self.keyLengths = keyLengths
    self.allowed = allowed
    self.bias = bias
  }

  /// The same mask as a constant: no gradient flows to its bias.
  var detached: AttentionMask {
    var result = self
    result.bias = bias?.detached
    return result
  }

  /// What `allowed` and `bias` add to the scores, [.., queries or 1, keys or 1]: 0 or −∞ is the logarithm of what is allowed.
  var scores: Tensor? {
    guard let allowed else { return bias }
    let hidden = allowed.detached.mapped(.log)
    return bias.map { $0 + hidden } ?? hidden
  }

  /// This mask as one additive tensor that broadcasts to [batch, heads, queries, keys]; nil if it hides nothing.
  public func additive(batch: Int, queries: Int, keys: Int) -> Tensor? {
    guard causalOffset != nil || keyLengths != nil else { return scores }
    let lengths = keyLengths?.indices
    let rows = lengths == nil ? 1 : batch
    let hidden = Tensor(uninitialized: [rows, 1, queries, keys]) { target in
      for b in 0..<rows {
        for i in 0..<queries {
          for j in 0..<keys {
            let isSeen = j <= i + (causalOffset ?? keys) && j < lengths.map { Int($0[b]) } ?? keys
            target[(b * queries + i) * keys + j] = isSeen ? 0 : -.infinity
          }
        }
      }
    }
    return scores.map { $0 + hidden } ?? hidden
  }
}
