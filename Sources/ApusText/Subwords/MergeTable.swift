// The table of merges with their ranks, and the heap for long words.
// Read next: BytePairModel.swift, which uses both.

/// Maps a pair of tokens to the rank of its merge and to the merged token.
struct MergeTable: Sendable {
  /// The value of a pair that has no merge; it is greater than every other value.
  static let none = UInt64.max

  private var keys: [UInt64]
  private var values: [UInt64]
  private(set) var count = 0

  private static let free = UInt64.max

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    keys = [UInt64](repeating: MergeTable.free, count: size)
    values = [UInt64](repeating: MergeTable.none, count: size)
  }

  /// The merged token in a value.
  @inline(__always)
  static func merged(_ value: UInt64) -> Int32 { Int32(truncatingIfNeeded: value) }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    let (high, low) = (key ^ key >> 31).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return Int(truncatingIfNeeded: high ^ low) & (keys.count - 1)
  }

  /// The rank of a pair in the upper half and the merged token in the lower half; `none` if the pair has no merge.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> UInt64 {
    let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    return keys.withUnsafeBufferPointer { keys in
      var slot = slot(key)
      while true {
        if keys[slot] == key { return values[slot] }
        if keys[slot] == MergeTable.free { return MergeTable.none }
        slot = (slot + 1) & (keys.count - 1)
      }
    }
  }

  /// Sets the rank and the merged token of a pair.
  ///
  /// - Precondition: fewer pairs than the capacity were inserted; tokens and ranks are not negative.
  mutating func insert(_ left: Int32, _ right: Int32, rank: Int, merged: Int32) {
    let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    var slot = slot(key)
    while keys[slot] != key && keys[slot] != MergeTable.free { slot = (slot + 1) & (keys.count - 1) }
    if keys[slot] != key { count += 1 }
    keys[slot] = key
    values[slot] = UInt64(rank) << 32 | UInt64(merged)
  }
}

/// A binary heap of numbers, with the smallest on top.
struct MinHeap {
  private var items: [UInt64] = []

  mutating func removeAll() { items.removeAll(keepingCapacity: true) }

  mutating func push(_ item: UInt64) {
    items.append(item)
    var i = items.count - 1
    while i > 0, items[(i - 1) / 2] > item {
      items[i] = items[(i - 1) / 2]
      i = (i - 1) / 2
    }
    items[i] = item
  }

  mutating func pop() -> UInt64? {
    guard let top = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return top }
    var i = 0
    while true {
      var child = 2 * i + 1
      if child >= items.count { break }
      if child + 1 < items.count && items[child + 1] < items[child] { child += 1 }
      if items[child] >= last { break }
      items[i] = items[child]
      i = child
    }
    items[i] = last
    return top
  }
}
