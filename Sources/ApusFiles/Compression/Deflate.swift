// Compression to zlib streams: LZ77 matches found with a hash table, and deflate's fixed Huffman codes.
// Read first: Inflate.swift. Read next: PNGWriter.swift.

/// Compresses bytes to a zlib stream.
///
/// At every position, the recent positions where the same three bytes occurred are candidates for a match; the longest
/// match is taken. (Dynamic Huffman codes, which zlib uses, would save roughly another tenth.) Data that does not
/// shrink is stored uncompressed.
package struct Deflater {
  /// The largest distance of a match.
  private static let window = 1 << 15
  /// The number of candidates that are tried at each position.
  private static let maximumCandidates = 32
  private static let maximumLength = 258

  private var output: [UInt8] = []
  private var bits: UInt64 = 0
  private var bitCount = 0

  /// Returns the zlib stream that contains these bytes.
  ///
  /// - Complexity: O(count), because the number of candidates at each position is bounded.
  package static func deflate(_ input: [UInt8]) -> [UInt8] {
    var deflater = Deflater()
    let compressed = deflater.compressed(input)
    let body = compressed.count < input.count ? compressed : stored(input)
    let sum = Adler32.checksum(input)
    // Deflate with a window of 32 KiB. The second byte makes the first two, read as one number, a multiple of 31.
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
    put(1, 2)  // uses the fixed codes
    // `heads` has the latest position for each hash, `previous` the preceding position with the same hash for each
    // position in the window. Short inputs get smaller tables, because clearing large ones would take most of the time.
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
        let most = min(Deflater.maximumLength, input.count - place)
        var candidate = Int(heads[hash(place)])
        var looks = 0
        while candidate >= 0, place - candidate <= Deflater.window, looks < Deflater.maximumCandidates, length < most {
          // Only a candidate that matches one byte beyond the best match so far can be longer.
          if input[candidate + length] == input[place + length] {
            var count = 0
            while count < most && input[candidate + count] == input[place + count] { count += 1 }
            if count > length { (length, distance) = (count, place - candidate) }
          }
          let next = Int(previous[candidate & mask])
          // Later positions overwrite the entries of those that have left the window.
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
    put(0, 7)  // flushes the last byte
    return output
  }

  // MARK: Symbols

  /// Writes the code of a literal byte, of a length symbol, or of the end-of-block symbol 256.
  private mutating func putLiteral(_ symbol: Int) {
    switch symbol {
    case ..<144: putCode(0x30 + symbol, 8)
    case ..<256: putCode(0x190 + symbol - 144, 9)
    case ..<280: putCode(symbol - 256, 7)
    default: putCode(0xC0 + symbol - 280, 8)
    }
  }

  private mutating func putRepetition(_ length: Int, _ distance: Int) {
    // The last symbol whose base is at most the length; 258 has a symbol of its own.
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
