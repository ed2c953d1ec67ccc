// Canonical Huffman codes, which are defined by the code lengths alone (RFC 1951, section 3.2.2).
// Read next: Inflate.swift.

/// A canonical Huffman code: shorter codes come first, and codes of equal length are in the order of their symbols.
struct HuffmanCode {
  /// The longest code in deflate.
  static let maximumLength = 15
  /// Codes of up to this many bits are decoded with one table lookup; longer codes are rare.
  private static let tableBits = 10

  /// Indexed by the next bits of the stream: symbol · 16 + length, or 0 if the code is longer or does not exist.
  private var table: [UInt16]
  /// The number of codes of each length.
  private var counts: [Int]
  /// The symbols, in the order of their codes.
  private var symbols: [UInt16]

  /// Builds the code.
  ///
  /// - Parameter lengths: the code length of each symbol; 0 if the symbol has no code.
  /// - Returns: nil if the lengths define no prefix code, either because there are too many codes or because some bit
  ///   patterns would be unused. (As in zlib, a single code of one bit is allowed, and so is an empty code.)
  init?(lengths: some Collection<UInt8>) {
    counts = Array(repeating: 0, count: HuffmanCode.maximumLength + 1)
    for length in lengths { counts[Int(length)] += 1 }
    let used = lengths.count - counts[0]
    counts[0] = 0
    var room = 1
    for length in 1...HuffmanCode.maximumLength {
      room = room * 2 - counts[length]
      if room < 0 { return nil }
    }
    if room > 0 && !(used == 0 || (used == 1 && counts[1] == 1)) { return nil }

    // The next code of each length, and the position of its symbol in the list.
    var code = 0
    var (next, places) = (counts, counts)
    var place = 0
    for length in 1...HuffmanCode.maximumLength {
      code = (code + counts[length - 1]) << 1
      next[length] = code
      places[length] = place
      place += counts[length]
    }
    symbols = Array(repeating: 0, count: used)
    table = Array(repeating: 0, count: 1 << HuffmanCode.tableBits)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      symbols[places[length]] = UInt16(symbol)
      places[length] += 1
      if length <= HuffmanCode.tableBits {
        // The stream has codes with the highest bit first, but all other numbers with the lowest bit first.
        var index = HuffmanCode.reversed(next[length], count: length)
        while index < table.count {
          table[index] = UInt16(symbol << 4 | length)
          index += 1 << length
        }
      }
      next[length] += 1
    }
  }

  /// The symbol whose code comes next in the stream, and the length of that code.
  ///
  /// - Parameter bits: the next bits of the stream, with the first one in the lowest bit.
  @inline(__always)
  func decode(_ bits: UInt64) -> (symbol: Int, length: Int)? {
    let entry = table[Int(bits & UInt64(1 << HuffmanCode.tableBits - 1))]
    if entry != 0 { return (Int(entry >> 4), Int(entry & 15)) }
    return decodeLong(bits)
  }

  private func decodeLong(_ bits: UInt64) -> (symbol: Int, length: Int)? {
    var (code, first, place) = (0, 0, 0)
    for length in 1...HuffmanCode.maximumLength {
      code |= Int(bits >> UInt64(length - 1) & 1)
      let count = counts[length]
      if code - first < count { return (Int(symbols[place + code - first]), length) }
      place += count
      first = (first + count) << 1
      code <<= 1
    }
    return nil
  }

  static func reversed(_ code: Int, count: Int) -> Int {
    (0..<count).reduce(0) { $0 | (code >> $1 & 1) << (count - 1 - $1) }
  }
}
