// A hash table from byte strings to numbers, which looks up vocabulary entries without creating Strings.
// Read next: Vocabulary.swift, BytePairModel.swift.

/// A hash table whose keys are stored one after another in a single array of bytes.
///
/// A dictionary with String keys would not do: it compares by canonical equivalence, but the two encodings of "é" are
/// two tokens.
struct ByteStringTable: Sendable {
  private var arena: [UInt8] = []
  /// The end of each key in the arena.
  private var ends: [UInt32] = []
  private var values: [Int32] = []
  /// The index of a key plus one, or 0 for a free slot. The number of slots is a power of two.
  private var slots: [UInt32]
  /// The length of the longest key.
  private(set) var longest = 0

  /// Keys come from files. A random multiplier, which no file can know, prevents deliberate collisions.
  private static let seed = UInt64.random(in: .min ... .max) | 1

  init(capacity: Int = 0) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    ends.reserveCapacity(capacity)
    values.reserveCapacity(capacity)
  }

  var count: Int { values.count }

  @inline(__always)
  private static func hash(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
    var state = seed ^ UInt64(truncatingIfNeeded: count)
    var i = 0
    while i + 8 <= count {
      state = mix(state ^ bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self))
      i += 8
    }
    var rest: UInt64 = 0
    while i < count {
      rest = rest << 8 | UInt64(bytes.load(fromByteOffset: i, as: UInt8.self))
      i += 1
    }
    return mix(state ^ rest)
  }

  @inline(__always)
  private static func mix(_ x: UInt64) -> UInt64 {
    let (high, low) = x.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ (seed << 1))
    return high ^ low
  }

  /// The value of a key, or −1.
  @inline(__always)
  func find(_ bytes: UnsafePointer<UInt8>, count: Int) -> Int32 {
    let key = UnsafeRawPointer(bytes)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: ByteStringTable.hash(key, count)) & mask
    return arena.withUnsafeBufferPointer { arena in
      while true {
        let entry = Int(slots[slot])
        if entry == 0 { return -1 }
        let start = entry == 1 ? 0 : Int(ends[entry - 2])
        if Int(ends[entry - 1]) - start == count, isEqual(arena, start, key, count) { return values[entry - 1] }
        slot = (slot + 1) & mask
      }
    }
  }

  @inline(__always)
  private func isEqual(_ arena: UnsafeBufferPointer<UInt8>, _ start: Int, _ key: UnsafeRawPointer, _ count: Int) -> Bool
  {
    guard let base = arena.baseAddress else { return count == 0 }
    let other = UnsafeRawPointer(base + start)
    var i = 0
    while i + 8 <= count {
      if other.loadUnaligned(fromByteOffset: i, as: UInt64.self)
        != key.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      {
        return false
      }
      i += 8
    }
    while i < count {
      if other.load(fromByteOffset: i, as: UInt8.self) != key.load(fromByteOffset: i, as: UInt8.self) { return false }
      i += 1
    }
    return true
  }

  func find(_ bytes: some Collection<UInt8>) -> Int32 {
    if let found = bytes.withContiguousStorageIfAvailable({ find($0) }) { return found }
    return Array(bytes).withUnsafeBufferPointer { find($0) }
  }

  private func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
    guard let start = bytes.baseAddress else { return withUnsafeBytes(of: 0 as UInt8) { find(pointer($0), count: 0) } }
    return find(start, count: bytes.count)
  }

  private func pointer(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<UInt8> {
    UnsafePointer(bytes.bindMemory(to: UInt8.self).baseAddress.unsafelyUnwrapped)
  }

  /// Sets the value of a key.
  ///
  /// - Precondition: all keys together have fewer than 2³² bytes, which holds for the keys of any vocabulary file.
  mutating func insert(_ bytes: [UInt8], value: Int32) {
    if (values.count + 1) * 2 > slots.count { grow() }
    let mask = slots.count - 1
    var slot = bytes.withUnsafeBytes { key in
      key.baseAddress.map { Int(truncatingIfNeeded: ByteStringTable.hash($0, key.count)) }
        ?? withUnsafeBytes(of: 0 as UInt8) { Int(truncatingIfNeeded: ByteStringTable.hash(pointer($0), 0)) }
    }
    slot &= mask
    while slots[slot] != 0 {
      let entry = Int(slots[slot])
      let start = entry == 1 ? 0 : Int(ends[entry - 2])
      if arena[start..<Int(ends[entry - 1])] == bytes[...] {
        values[entry - 1] = value
        return
      }
      slot = (slot + 1) & mask
    }
    arena.append(contentsOf: bytes)
    ends.append(UInt32(arena.count))
    values.append(value)
    slots[slot] = UInt32(values.count)
    longest = max(longest, bytes.count)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let mask = slots.count - 1
    arena.withUnsafeBytes { arena in
      guard let base = arena.baseAddress else { return }
      var start = 0
      for (entry, end) in ends.enumerated() {
        var slot = Int(truncatingIfNeeded: ByteStringTable.hash(base + start, Int(end) - start)) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(entry + 1)
        start = Int(end)
      }
    }
  }
}
