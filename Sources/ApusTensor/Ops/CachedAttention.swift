// Attention to remembered keys and values, in place: for inference, not recorded.
// Read first: Attention.swift. Read next: ApusNN/Layers/KeyValueCache.swift.

import ApusKernelTypes
import ApusKernels

/// Keys and values of the positions so far, [batch, capacity, width] each, of which the first `count` rows are filled.
public struct CachedKeysAndValues: Sendable {
  private var keys: Tensor
  private var values: Tensor
  /// Positions in the cache.
  public private(set) var count = 0
  /// The most positions.
  public let capacity: Int

  /// An empty cache.
  ///
  /// - Parameter width: features of keys and of values, all heads together.
  public init(batch: Int, capacity: Int, width: Int) {
    self.capacity = capacity
    // Zeros, not garbage: what is behind `count` is never read, but it may be looked at.
    keys = .zeros([batch, capacity, width])
    values = .zeros([batch, capacity, width])
  }

  /// Forgets all positions from `count` on.
  ///
  /// - Precondition: 0 ≤ count ≤ the present count.
  public mutating func truncate(to count: Int) {
    require(count >= 0 && count <= self.count, "truncate: to \(count) of \(self.count) cached positions")
    self.count = count
  }

  /// Adds the keys and values of new positions and lets their queries look at everything so far, causally.
  ///
  /// - Parameter projection: [batch, new, 3 · width]: queries, keys and values side by side.
  /// - Returns: [batch, new, width]
  /// - Precondition: there is room.
  public mutating func appendAndAttend(_ projection: Tensor, heads: Int) -> Tensor {
    let (batch, width) = (keys.shape[0], keys.shape[2])
    let p = projection.shape
    require(
      p.rank == 3 && p[0] == batch && p[2] == 3 * width && heads > 0 && width % heads == 0,
      "appendAndAttend: projection \(p), cache \(keys.shape), \(heads) heads (expected [B, T, 3 · width])")
    let new = p[1]
    require(
      count + new <= capacity, "appendAndAttend: \(count) + \(new) positions in a cache of \(capacity)")
    let (start, before) = (count * width, count)
    for b in 0..<batch {
      read(projection) { x in
        let rows = x + b * new * 3 * width
        keys.withUnsafeMutablePointer {
          Kernels.table.copyRows(
            rows + width, 3 * width, $0 + b * capacity * width + start, width, new, width, Kernels.schedule)
        }
        values.withUnsafeMutablePointer {
          Kernels.table.copyRows(
            rows + 2 * width, 3 * width, $0 + b * capacity * width + start, width, new, width, Kernels.schedule)
        }
      }
    }
    count += new
    let size = width / heads
    let memory = HeadStrides(batch: capacity * width, time: width, head: size)
    var plan = AttentionPlan(
      shape: AttentionShape(
        batch: batch, heads: heads, keyHeads: heads, queryLength: new, keyLength: count, headSize: size,
        valueSize: size, scale: 1 / Float(size).squareRoot()),
      query: HeadStrides(batch: new * 3 * width, time: 3 * width, head: size), key: memory, value: memory,
      result: HeadStrides(batch: new * width, time: width, head: size), mask: .none)
    plan.shape.causalOffset = before
    return Tensor(uninitialized: [batch, new, width]) { output in
      read(projection, keys, values) { q, k, v in plan.forward(q, k, v, output, nil) }
    }
  }
}
