// Attention masks: the keys that a query may attend to, and the bias of the attention scores.
// Read next: Attention.swift.

import ApusBase
import ApusKernelTypes

/// The keys that a query may attend to, and a bias added to the attention scores.
///
/// The parts combine: a query attends to the keys that no part hides. A query without visible keys (a row of padding)
/// has output 0 and attention weights 0, and passes no gradient on.
public struct AttentionMask: Sendable {
  /// The causal offset: query i attends to keys 0 ... i + offset; nil for no causal limit.
  ///
  /// The offset is 0 if there are as many queries as keys. With a key–value cache, it is the number of keys before the
  /// first query.
  public var causalOffset: Int?
  /// The number of keys of each sequence, [batch]; later keys (padding at the end) are hidden, and never read.
  public var keyLengths: IndexTensor?
  /// 1 where a query may attend to a key and 0 where it may not, broadcast to [batch, heads, queries, keys].
  ///
  /// Any other positive number w is a weight: the key counts as w equal keys would. Not differentiable.
  public var allowed: Tensor?
  /// A bias added to the scaled scores, broadcast to [batch, heads, queries, keys]; −∞ hides a key. Differentiable.
  public var bias: Tensor?

  /// No mask: every query attends to every key.
  public static let none = AttentionMask()

  /// The causal mask: query i attends to keys 0 ... i.
  public static let causal = AttentionMask(causalOffset: 0)

  /// A mask that hides padding, at either end or in between, from all queries.
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

  /// This mask with its bias detached: no gradient flows to it.
  var detached: AttentionMask {
    var result = self
    result.bias = bias?.detached
    return result
  }

  /// The sum log `allowed` + `bias`, which is added to the scores; broadcasts to [batch, heads, queries, keys].
  ///
  /// The logarithm is 0 where `allowed` is 1, and −∞ where it is 0.
  var scores: Tensor? {
    guard let allowed else { return bias }
    let hidden = allowed.detached.mapped(.log)
    return bias.map { $0 + hidden } ?? hidden
  }

  /// This mask as one tensor to add to the scores, broadcasting to [batch, heads, queries, keys]; nil for `.none`.
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
