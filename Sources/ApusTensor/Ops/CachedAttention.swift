// Attention over a key–value cache that grows in place: for inference, not recorded.
// Read first: Attention.swift. Read next: ApusNN/Layers/KeyValueCache.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// A key–value cache: the keys and values of the positions so far.
///
/// Both are [rows, allocated positions, width], of which the first `count` positions are filled.
public struct CachedKeysAndValues: Sendable {
  private var keys: Tensor
  private var values: Tensor
  /// The number of cached positions.
  public private(set) var count = 0
  /// The maximum number of positions.
  public let capacity: Int
  /// The number of positions allocated at first: the capacity may be a limit that is never approached.
  private static let firstRoom = 512

  /// A copy of positions from one row to another.
  public struct Move: Sendable, Equatable {
    /// The row that is read.
    public var source: Int
    /// The row that is written.
    public var target: Int
    /// The positions that are copied.
    public var positions: Range<Int>

    public init(from source: Int, to target: Int, positions: Range<Int>) {
      (self.source, self.target, self.positions) = (source, target, positions)
    }
  }

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - batch: the number of rows: sequences that are continued in parallel.
  ///   - capacity: the maximum number of positions.
  ///   - width: the size of the keys of one position, and of its values: KV heads · head size.
  public init(batch: Int, capacity: Int, width: Int) {
    self.capacity = capacity
    // Positions from `count` on are never read, so they are not initialized: the system commits each new page on first
    // write.
    let room = min(capacity, CachedKeysAndValues.firstRoom)
    keys = Tensor(uninitialized: [batch, room, width]) { _ in }
    values = Tensor(uninitialized: [batch, room, width]) { _ in }
  }

  /// The number of allocated positions.
  private var room: Int { keys.shape[1] }

  /// Makes room for `needed` positions; the allocation at least doubles, unless the capacity is reached.
  private mutating func makeRoom(for needed: Int) {
    if needed <= room { return }
    let (rows, width, old) = (rows, keys.shape[2], room)
    let new = max(needed, min(capacity, 2 * room))
    func grown(_ tensor: Tensor) -> Tensor {
      Tensor(uninitialized: [rows, new, width]) { target in
        read(tensor) { source in
          for row in 0..<rows {
            (target + row * new * width).update(from: source + row * old * width, count: count * width)
          }
        }
      }
    }
    keys = grown(keys)
    values = grown(values)
  }

  /// The number of rows: sequences that are continued in parallel.
  public var rows: Int { keys.shape[0] }

  /// A copy of the keys of all positions so far, [rows, count, width].
  package var storedKeys: Tensor { keys.slice(0..<count, along: 1) }

  /// Removes all positions from `count` on.
  ///
  /// - Precondition: 0 ≤ count ≤ the current count.
  public mutating func truncate(to count: Int) {
    require(
      count >= 0 && count <= self.count, "truncate: count \(count) (expected 0 to \(self.count), the cached positions)")
    self.count = count
  }

  /// Appends the keys and values of new positions, and computes causal attention of their queries over all positions.
  ///
  /// - Parameters:
  ///   - projection: [rows, new, 3 · width]: queries, keys and values side by side.
  ///   - bias: added to the scores, broadcast to [rows, heads, new, count + new]; −∞ hides a key. It may have more columns, so that
  ///     its size need not change with every token: those behind are not read.
  ///   - scale: multiplies the attention scores; 1/√size if nil.
  /// - Returns: [rows, new, width]
  /// - Precondition: the shapes agree; the capacity is not exceeded.
  public mutating func appendAndAttend(
    _ projection: Tensor, heads: Int, bias: Tensor? = nil, scale: Float? = nil
  ) -> Tensor {
    let (p, width) = (projection.shape, keys.shape[2])
    require(
      p.rank == 3 && p[0] == rows && p[2] == 3 * width && heads > 0 && width % heads == 0,
      "appendAndAttend: projection \(p), cache \(keys.shape), \(heads) heads (expected [B, T, 3 · width])")
    read(projection) { x in append(p[1], keys: x + width, values: x + 2 * width, stride: 3 * width) }
    return attend(
      projection, queryStride: 3 * width, new: p[1], heads: heads, keyHeads: heads, size: width / heads, bias: bias,
      scale: scale)
  }

  /// Appends the keys and values of new positions, and computes causal attention of their queries over all positions.
  ///
  /// This variant takes three tensors and supports grouped-query attention: fewer KV heads than query heads.
  ///
  /// - Parameters:
  ///   - query: [rows, new, heads · size]
  ///   - key: [rows, new, KV heads · size], where KV heads · size is the width of the cache.
  ///   - value: the same shape.
  ///   - heads: the number of query heads.
  ///   - keyHeads: the number of KV heads; nil for as many as query heads.
  ///   - bias: added to the attention scores, broadcast to [rows, heads, new, count + new]; −∞ hides a key. Its last
  ///     axis may be longer, so that its size need not change with every token: the extra columns are not read.
  ///   - scale: multiplies the attention scores; 1/√size if nil.
  /// - Returns: [rows, new, heads · size]
  /// - Precondition: the shapes agree; the capacity is not exceeded.
  public mutating func appendAndAttend(
    query: Tensor, key: Tensor, value: Tensor, heads: Int, keyHeads: Int? = nil, bias: Tensor? = nil,
    scale: Float? = nil
  ) -> Tensor {
    let (q, k, width) = (query.shape, key.shape, keys.shape[2])
    let groups = keyHeads ?? heads
    require(
      q.rank == 3 && k.rank == 3 && k == value.shape && q[0] == rows && k[0] == rows && q[1] == k[1] && k[2] == width
        && groups > 0 && heads % groups == 0 && width % groups == 0 && q[2] == heads * (width / groups),
      """
      appendAndAttend: query \(q), key \(k), value \(value.shape), cache \(keys.shape), \(heads) heads, \(groups) KV \
      heads (expected [B, T, heads · size], [B, T, width] twice)
      """)
    read(key, value) { key, value in append(q[1], keys: key, values: value, stride: width) }
    return attend(
      query, queryStride: q[2], new: q[1], heads: heads, keyHeads: groups, size: width / groups, bias: bias,
      scale: scale)
  }

  private mutating func append(
    _ new: Int, keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>, stride: Int
  ) {
    require(
      count + new <= capacity, "appendAndAttend: \(count) + \(new) positions exceed the cache's capacity, \(capacity)")
    makeRoom(for: count + new)
    let (rows, width) = (keys.shape[0], keys.shape[2])
    let (start, room) = (count * width, room)
    func copy(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      if new == 1 {
        Kernels.current.copyRows(
          source, stride: stride, target + start, stride: room * width, rows: rows, columns: width, Kernels.schedule)
      } else {
        for row in 0..<rows {
          Kernels.current.copyRows(
            source + row * new * stride, stride: stride, target + row * room * width + start, stride: width, rows: new,
            columns: width,
            Kernels.schedule)
        }
      }
    }
    keys.withUnsafeMutablePointer { copy(newKeys, $0) }
    values.withUnsafeMutablePointer { copy(newValues, $0) }
    count += new
  }

  /// Attention of the newest positions' queries over all cached positions.
  private func attend(
    _ query: Tensor, queryStride: Int, new: Int, heads: Int, keyHeads: Int, size: Int, bias: Tensor?, scale: Float?
  ) -> Tensor {
    let (rows, width) = (keys.shape[0], keys.shape[2])
    let memory = HeadStrides(batch: room * width, time: width, head: size)
    let plan = AttentionPlan(
      shape: AttentionShape(
        batch: rows, heads: heads, keyHeads: keyHeads, queryLength: new, keyLength: count, headSize: size,
        valueSize: size, scale: scale ?? 1 / Float(size).squareRoot()),
      query: HeadStrides(batch: new * queryStride, time: queryStride, head: size), key: memory, value: memory,
      result: HeadStrides(batch: new * heads * size, time: heads * size, head: size),
      mask: AttentionMask(causalOffset: count - new, bias: bias),
      biasColumns: bias?.shape.last)
    var resultShape = query.shape
    resultShape[2] = heads * size
    return Tensor(uninitialized: resultShape) { output in
      read(query, keys, values) { q, k, v in plan.forward(q, k, v, output, nil) }
    }
  }

  // MARK: Rows

  /// Copies positions between rows, as if all sources were read before any target is written.
  ///
  /// - Complexity: every element is copied once, or twice if the row that it comes from is overwritten, too.
  /// - Precondition: rows and positions are within the cache.
  public mutating func move(_ moves: [Move]) {
    let overwritten = Set(moves.map(\.target))
    func apply(_ memory: UnsafeMutablePointer<Float>, _ width: Int, _ room: Int) {
      var saved: [(move: Move, elements: [Float])] = []
      for move in moves where overwritten.contains(move.source) {
        let source = memory + (move.source * room + move.positions.lowerBound) * width
        saved.append((move, Array(UnsafeBufferPointer(start: source, count: move.positions.count * width))))
      }
      for move in moves where !overwritten.contains(move.source) {
        let offset = move.positions.lowerBound * width
        (memory + move.target * room * width + offset).update(
          from: memory + move.source * room * width + offset, count: move.positions.count * width)
      }
      for (move, elements) in saved {
        let target = memory + (move.target * room + move.positions.lowerBound) * width
        elements.withUnsafeBufferPointer { source in
          if let base = source.baseAddress { target.update(from: base, count: source.count) }
        }
      }
    }
    for move in moves {
      require(
        move.source >= 0 && move.source < rows && move.target >= 0 && move.target < rows
          && move.positions.lowerBound >= 0 && move.positions.upperBound <= count,
        "move: positions \(move.positions) of row \(move.source) to \(move.target) in a cache of [\(rows), \(count)]"
      )
    }
    let (width, room) = (keys.shape[2], room)
    keys.withUnsafeMutablePointer { apply($0, width, room) }
    values.withUnsafeMutablePointer { apply($0, width, room) }
  }

  /// A cache with every row of this one repeated `times` times in succession.
  public func repeated(_ times: Int) -> CachedKeysAndValues {
    let width = keys.shape[2]
    var result = CachedKeysAndValues(batch: rows * times, capacity: capacity, width: width)
    result.makeRoom(for: count)
    result.count = count
    let (oldRoom, newRoom) = (room, result.room)
    func copy(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
      for row in 0..<rows * times {
        (target + row * newRoom * width).update(
          from: source + row / times * oldRoom * width, count: count * width)
      }
    }
    read(keys, values) { keys, values in
      result.keys.withUnsafeMutablePointer { copy(keys, $0) }
      result.values.withUnsafeMutablePointer { copy(values, $0) }
    }
    return result
  }
}
