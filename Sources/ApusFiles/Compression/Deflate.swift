// Compression to zlib streams: repetitions found by hashing, written in deflate's fixed code.
// Read first: Inflate.swift. Read next: PNGWriter.swift.

/// A zlib stream in the making.
///
/// Looks for the longest repetition among the last places where the same three bytes stood, and takes it. (Codes fitted to
/// the data would save another tenth or so; zlib does that.) Data that do not shrink are stored as they are.
package struct Deflater {
  /// How far back a repetition may lie.
  private static let window = 1 << 15
  /// Places that are looked at for each repetition.
  private static let mostCandidates = 32
  private static let longest = 258

  private var output: [UInt8] = []
  private var bits: UInt64 = 0
  private var bitCount = 0

  /// - Complexity: O(count): no place looks at more than a fixed number of others.
  package static func deflate(_ input: [UInt8]) -> [UInt8] {
    var deflater = Deflater()
    let compressed = deflater.compressed(input)
    let body = compressed.count < input.count ? compressed : stored(input)
    let sum = Adler32.checksum(input)
    // Deflate with a window of 32 KiB; the second byte makes the two a multiple of 31.
    return [0x78, 0x01] + body + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
  }

  private static func stored(_ input: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var start = 0
    repeat {
      let count = min(input.count - start, 0xFFFF)
      let isLast = start + count == input.count
      result.append(isLast ? 1 : 0)
      for number in [count, count ^ 0xFFFF] { result += [UInt8(number & 0xFF), UInt8(number >> 8)] }
      result += input[start..<start + count]
      start += count
    } while start < input.count
    return result
  }

  private mutating func compressed(_ input: [UInt8]) -> [UInt8] {
    put(1, 1)  // the last block
    put(1, 2)  // in the fixed code
    // The last place of each hash, and for each place in the window the one before with the same hash.
    // (Of a short input no tables of a long one's size: clearing them would take most of the time.)
    let tableBits = min(15, max(8, Int.bitWidth - input.count.leadingZeroBitCount))
    var heads = [Int32](repeating: -1, count: 1 << tableBits)
    var previous = [Int32](repeating: -1, count: min(Deflater.window, 1 << tableBits))
    let mask = previous.count - 1
    func hash(_ place: Int) -> Int {
      let three = UInt32(input[place]) << 16 | UInt32(input[place + 1]) << 8 | UInt32(input[place + 2])
      return Int((three &* 0x9E37_79B1) >> (32 - UInt32(tableBits)))
    }
    var place = 0
    while place < input.count {
      var (length, distance) = (0, 0)
      if place + 3 <= input.count {
        let most = min(Deflater.longest, input.count - place)
        var candidate = Int(heads[hash(place)])
        var looks = 0
        while candidate >= 0, place - candidate <= Deflater.window, looks < Deflater.mostCandidates, length < most {
          // Only a candidate that continues beyond the best one so far can be longer.
          if input[candidate + length] == input[place + length] {
            var count = 0
            while count < most && input[candidate + count] == input[place + count] { count += 1 }
            if count > length { (length, distance) = (count, place - candidate) }
          }
          let next = Int(previous[candidate & mask])
          // Entries of places that have left the window were overwritten by later ones.
          if next >= candidate { break }
          candidate = next
          looks += 1
        }
      }
      if length >= 3 { putRepetition(length, distance) } else { putLiteral(Int(input[place])) }
      for covered in place..<place + max(1, length >= 3 ? length : 1) where covered + 3 <= input.count {
        let slot = hash(covered)
        previous[covered & mask] = heads[slot]
        heads[slot] = Int32(covered)
      }
      place += length >= 3 ? length : 1
    }
    putLiteral(256)
    put(0, 7)  // fills the last byte
    return output
  }

  // MARK: Symbols

  /// A literal byte, a length symbol, or 256, the end.
  private mutating func putLiteral(_ symbol: Int) {
    switch symbol {
    case ..<144: putCode(0x30 + symbol, 8)
    case ..<256: putCode(0x190 + symbol - 144, 9)
    case ..<280: putCode(symbol - 256, 7)
    default: putCode(0xC0 + symbol - 280, 8)
    }
  }

  private mutating func putRepetition(_ length: Int, _ distance: Int) {
    // The last symbol whose base is not beyond the length; 258 has one of its own.
    let lengthSymbol = DeflateFormat.lengths.lastIndex { $0.base <= length } ?? 0
    putLiteral(257 + lengthSymbol)
    put(length - DeflateFormat.lengths[lengthSymbol].base, DeflateFormat.lengths[lengthSymbol].bits)
    let distanceSymbol = DeflateFormat.distances.lastIndex { $0.base <= distance } ?? 0
    putCode(distanceSymbol, 5)
    put(distance - DeflateFormat.distances[distanceSymbol].base, DeflateFormat.distances[distanceSymbol].bits)
  }

  private mutating func putCode(_ code: Int, _ count: Int) { put(HuffmanCode.reversed(code, count: count), count) }

  private mutating func put(_ value: Int, _ count: Int) {
    bits |= UInt64(value) << UInt64(bitCount)
    bitCount += count
    while bitCount >= 8 {
      output.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
      bitCount -= 8
    }
  }
}
