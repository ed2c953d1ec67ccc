// The state of a generation: keys and values of the positions so far, and of the encoder's output.
// Read first: ApusNN/Layers/KeyValueCache.swift, AttentionMemory.swift. Read next: AutoregressiveModel.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// The state of one generation: several rows (sequences, or beams of sequences) that grow together.
public final class DecoderState {
  /// The number of sequences side by side.
  public let rows: Int
  /// The maximum number of positions.
  public let capacity: Int
  /// The keys and values of all positions so far, one cache for each block.
  public let caches: [KeyValueCache]
  /// The keys and values of the encoder's output, one memory for each block; empty in a decoder-only model.
  public let memories: [AttentionMemory]
  /// The number of padding positions at the beginning of each row; empty: none.
  public let padding: [Int]
  /// −∞ at the keys of padding, [rows, 1, 1, capacity]; nil if there is none.
  public let paddingBias: Tensor?
  /// For each row, a number for the token at each position: rows that share a prefix share its numbers.
  private var origins: [[Int]]
  private var nextOrigin = 0
  /// The last result of `positions`, whose memory is reused.
  private var places = IndexTensor([])
  /// The memory of steps of one token each.
  let workspace = Workspace()

  /// - Parameters:
  ///   - rows: the number of sequences side by side.
  ///   - capacity: the maximum number of positions.
  ///   - layers: the number of blocks.
  ///   - width: the size of the keys, and of the values, of one position: key–value heads · head size.
  ///   - memories: the keys and values of the encoder's output, one memory for each block.
  ///   - padding: the number of padding positions at the beginning of each row; empty: none.
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

  /// The state of a stack of blocks.
  ///
  /// - Parameters:
  ///   - rows: the number of sequences side by side.
  ///   - capacity: the maximum number of positions.
  ///   - blocks: the blocks, each of which gets a cache.
  ///   - memories: what the cross-attentions read, one memory for each block; empty in a decoder-only model.
  ///   - padding: the number of padding positions at the beginning of each row; empty: none.
  public convenience init(
    rows: Int, capacity: Int, blocks: [TransformerBlock], memories: [AttentionMemory] = [], padding: [Int] = []
  ) {
    let width = blocks.first.map { $0.attention.keyValueHeads * $0.attention.headSize } ?? 0
    self.init(
      rows: rows, capacity: capacity, layers: blocks.count, width: width, memories: memories, padding: padding)
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

  /// The number of positions so far, including padding.
  public var count: Int { caches.first?.count ?? 0 }

  /// Drops all positions from `count` on.
  public func truncate(to count: Int) {
    for cache in caches { cache.truncate(to: count) }
    for row in origins.indices { origins[row] = Array(origins[row].prefix(count)) }
  }

  /// The positions of the next `new` tokens, not counting padding: [rows, new].
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

  /// The positions of the next `new` tokens: without padding the same in all rows.
  package func nextPositions(_ new: Int) -> TokenPositions {
    paddingBias == nil ? .range(count..<count + new) : .indices(positions(new))
  }

  /// The mask that hides padding from the self-attentions, which are causal by their caches.
  package var mask: AttentionMask { AttentionMask(bias: paddingBias) }

  // MARK: Rows

  /// Replaces each row by the row that `parents` names for it.
  ///
  /// - Complexity: rows with a common prefix differ only after it; only what differs is copied.
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

  /// A state in which each row is repeated `times` times in succession; the memories of the encoder's output are shared.
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
