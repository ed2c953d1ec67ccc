// What a decoder remembers while it writes: keys and values of its own positions, and of the sequence it reads.
// Read first: ApusNN/Layers/KeyValueCache.swift, AttentionMemory.swift. Read next: TokenDecoder.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// The memory of one generation: several rows (sequences, or beams of them) that grow together.
public final class DecoderState {
  /// Sequences side by side.
  public let rows: Int
  /// The most positions.
  public let capacity: Int
  /// Keys and values of all positions so far, for every layer.
  public let caches: [KeyValueCache]
  /// Keys and values of the sequence that is read, for every layer; empty in a model without an encoder.
  public let memories: [AttentionMemory]
  /// How many positions at the beginning of each row are padding; empty: none.
  public let padding: [Int]
  /// −∞ at the keys that are padding, [rows, 1, 1, capacity]; nil if there are none.
  public let paddingBias: Tensor?
  /// For every row a number for what was written at each position: rows that share a beginning share its numbers.
  private var origins: [[Int]]
  private var nextOrigin = 0
  /// What `positions` gave last, to be written over.
  private var places = IndexTensor([])
  /// Memory of the steps of one token each.
  let workspace = Workspace()

  /// - Parameters:
  ///   - layers: self-attentions.
  ///   - width: features of their keys and of their values, all heads together.
  public convenience init(
    rows: Int, capacity: Int, layers: Int, width: Int, memories: [AttentionMemory] = [], padding: [Int] = []
  ) {
    require(
      padding.isEmpty || padding.count == rows, "DecoderState: the padding of \(padding.count) of \(rows) rows")
    self.init(
      rows: rows, caches: (0..<layers).map { _ in KeyValueCache(batch: rows, capacity: capacity, width: width) },
      memories: memories, padding: padding.contains { $0 > 0 } ? padding : [],
      origins: Array(repeating: [], count: rows), capacity: capacity)
  }

  private init(
    rows: Int, caches: [KeyValueCache], memories: [AttentionMemory], padding: [Int], origins: [[Int]], capacity: Int
  ) {
    (self.rows, self.caches, self.memories) = (rows, caches, memories)
    (self.padding, self.origins, self.capacity) = (padding, origins, capacity)
    paddingBias =
      padding.isEmpty
      ? nil
      : Tensor(uninitialized: [rows, 1, 1, capacity]) { target in
        for row in 0..<rows {
          for key in 0..<capacity { target[row * capacity + key] = key < padding[row] ? -.infinity : 0 }
        }
      }
  }

  /// Positions read so far, padding included.
  public var count: Int { caches.first?.count ?? 0 }

  /// Forgets all positions from `count` on.
  public func truncate(to count: Int) {
    for cache in caches { cache.truncate(to: count) }
    for row in origins.indices { origins[row] = Array(origins[row].prefix(count)) }
  }

  /// The places of the next `new` tokens, counted from the first one that is no padding: [rows, new].
  public func positions(_ new: Int) -> IndexTensor {
    let (start, rows, padding) = (count, rows, padding)
    places.overwrite(as: [rows, new]) { places in
      for row in 0..<rows {
        let first = start - (padding.isEmpty ? 0 : padding[row])
        for column in 0..<new { places[row * new + column] = Int32(max(0, first + column)) }
      }
    }
    return places
  }

  // MARK: Rows

  /// Makes every row a continuation of the row that `parents` names for it.
  ///
  /// - Complexity: rows with a common beginning differ from where they parted; only what differs is copied.
  public func reorder(_ parents: [Int]) {
    require(
      parents.count == rows && parents.allSatisfy { $0 >= 0 && $0 < rows }, "reorder: rows \(parents) of \(rows)")
    recordOrigins()
    let moves = parents.indices.compactMap { row -> CachedKeysAndValues.Move? in
      let (old, new) = (origins[row], origins[parents[row]])
      guard parents[row] != row, let parting = old.indices.first(where: { old[$0] != new[$0] }) else { return nil }
      return .init(from: parents[row], to: row, positions: parting..<old.count)
    }
    if !moves.isEmpty { for cache in caches { cache.move(moves) } }
    origins = parents.map { origins[$0] }
  }

  private func recordOrigins() {
    let count = count
    for row in origins.indices {
      while origins[row].count < count {
        origins[row].append(nextOrigin)
        nextOrigin += 1
      }
    }
  }

  /// A state in which every row comes `times` times, one after the other; the sequence that is read exists once.
  public func repeated(_ times: Int) -> DecoderState {
    recordOrigins()
    let result = DecoderState(
      rows: rows * times, caches: caches.map { $0.repeated(times) }, memories: memories,
      padding: padding.flatMap { Array(repeating: $0, count: times) },
      origins: origins.flatMap { Array(repeating: $0, count: times) }, capacity: capacity)
    result.nextOrigin = nextOrigin
    return result
  }
}
