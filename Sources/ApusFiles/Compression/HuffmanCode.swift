// Canonical Huffman codes: symbols from their code lengths alone (RFC 1951, section 3.2.2). Read next: Inflate.swift.

/// A code whose words are determined by their lengths: shorter ones first, equal ones in the order of their symbols.
struct HuffmanCode {
  /// The longest code word of deflate.
  static let maximumLength = 15
  /// Codes of up to so many bits are found with one look; longer ones are rare.
  private static let tableBits = 10

  /// For the next bits of the stream: symbol · 16 + length, or 0 where the code is longer or there is none.
  private var table: [UInt16]
  /// How many codes there are of each length.
  private var counts: [Int]
  /// The symbols in the order of their codes.
  private var symbols: [UInt16]

  /// - Parameter lengths: of the code of each symbol; 0: it has none.
  /// - Returns: nil if the lengths belong to no code: more words than there is room for, or fewer than would use all bit
  ///   patterns. (As in zlib, a single word of one bit is allowed, and none at all.)
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

    // The first code and the first place in the list of symbols of each length.
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
        // Code words come with their highest bit first, all other numbers of the stream with their lowest.
        var index = HuffmanCode.reversed(next[length], count: length)
        while index < table.count {
          table[index] = UInt16(symbol << 4 | length)
          index += 1 << length
        }
      }
      next[length] += 1
    }
  }

  /// The symbol whose code word the stream goes on with, and the word's length.
  ///
  /// - Parameter bits: the next bits of the stream, the first one lowest.
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
