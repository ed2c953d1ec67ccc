// A trie that finds all pieces at the start of a text in one pass. Read next: UnigramModel.swift.

/// A trie of byte strings. Its edges are in a hash table, whose keys are a node and a byte.
struct PieceTrie: Sendable {
  private static let free = UInt64.max

  /// The node and the byte of each edge.
  private var keys: [UInt64]
  private var targets: [UInt32]
  /// The id of the string that ends at each node, or −1 if there is none.
  private var ids: [Int32] = [-1]

  /// Creates an empty trie.
  ///
  /// - Parameter capacity: at least the number of edges, which is at most the number of bytes in all strings.
  init(capacity: Int) {
    var size = 1024
    while size < capacity + capacity / 2 { size *= 2 }
    keys = [UInt64](repeating: PieceTrie.free, count: size)
    targets = [UInt32](repeating: 0, count: size)
  }

  @inline(__always)
  private static func slot(_ key: UInt64, _ mask: Int) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed ^ mixed >> 32) & mask
  }

  mutating func insert(_ bytes: [UInt8], id: Int32) {
    guard !bytes.isEmpty else { return }
    let mask = keys.count - 1
    var node: UInt64 = 0
    for byte in bytes {
      let key = node << 8 | UInt64(byte)
      var slot = PieceTrie.slot(key, mask)
      while keys[slot] != key && keys[slot] != PieceTrie.free { slot = (slot + 1) & mask }
      if keys[slot] != key {
        keys[slot] = key
        targets[slot] = UInt32(ids.count)
        ids.append(-1)
      }
      node = UInt64(targets[slot])
    }
    ids[Int(node)] = id
  }

  /// Calls `body` with the length and the id of every string that is a prefix of the text, the shortest first.
  @inline(__always)
  func forEachPrefix(_ text: UnsafePointer<UInt8>, _ count: Int, _ body: (Int, Int32) -> Void) {
    keys.withUnsafeBufferPointer { keys in
      targets.withUnsafeBufferPointer { targets in
        ids.withUnsafeBufferPointer { ids in
          let mask = keys.count - 1
          var node: UInt64 = 0
          for i in 0..<count {
            let key = node << 8 | UInt64(text[i])
            var slot = PieceTrie.slot(key, mask)
            while keys[slot] != key {
              if keys[slot] == PieceTrie.free { return }
              slot = (slot + 1) & mask
            }
            node = UInt64(targets[slot])
            let id = ids[Int(node)]
            if id >= 0 { body(i + 1, id) }
          }
        }
      }
    }
  }
}
