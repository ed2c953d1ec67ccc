// Decompression of zlib streams (RFC 1950, RFC 1951). Read first: HuffmanCode.swift. Read next: Deflate.swift.

/// Constants of the deflate format.
package enum DeflateFormat {
  /// For each length symbol 257 + i, the shortest length that it stands for and the number of extra bits.
  static let lengths: [(base: Int, bits: Int)] = steps(from: 3, count: 28, perSize: 4) + [(base: 258, bits: 0)]
  /// The same for the distance symbols.
  static let distances: [(base: Int, bits: Int)] = steps(from: 1, count: 30, perSize: 2)

  /// Consecutive ranges: `perSize` ranges of each size 2, 4, 8, …, after twice as many ranges of a single number.
  private static func steps(from first: Int, count: Int, perSize: Int) -> [(base: Int, bits: Int)] {
    var result: [(base: Int, bits: Int)] = []
    var base = first
    for i in 0..<count {
      let bits = max(0, i / perSize - 1)
      result.append((base: base, bits: bits))
      base += 1 << bits
    }
    return result
  }

  /// The order in which the code lengths of the code-length code are stored.
  static let lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  /// The code lengths of the fixed literal/length code.
  static let fixedLengths: [UInt8] =
    Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
    + Array(repeating: 8, count: 8)
  /// The largest expansion, in bytes per compressed byte: a match of 258 bytes takes at least two bits.
  package static let largestRatio = 1032
}

/// Decompresses a zlib stream.
package struct Inflater {
  /// The reason why a stream is invalid, with the offset in the stream.
  package struct Failure: Error {
    package let offset: Int
    package let expected: String
    package let found: String
  }

  private let input: [UInt8]
  private var position = 0
  /// Bits that were read from the input but not used yet, the next one lowest.
  private var bits: UInt64 = 0
  private var bitCount = 0
  private var output: [UInt8]
  private var count = 0

  /// The `count` bytes that a stream contains.
  ///
  /// - Throws: if the stream is invalid, or contains more or fewer bytes. No more than `count` bytes of output are
  ///   allocated.
  package static func inflate(_ input: [UInt8], count: Int) throws(Failure) -> [UInt8] {
    var inflater = Inflater(input, count: count)
    try inflater.run()
    return inflater.output
  }

  private init(_ input: [UInt8], count: Int) {
    self.input = input
    output = [UInt8](repeating: 0, count: count)
  }

  private mutating func run() throws(Failure) {
    let header = try (take(8), take(8))
    guard header.0 & 15 == 8, header.0 >> 4 <= 7, (header.0 * 256 + header.1) % 31 == 0, header.1 & 32 == 0 else {
      throw Failure(
        offset: 0, expected: "the two-byte header of a zlib stream",
        found: "\(spelled(UInt8(header.0))) \(spelled(UInt8(header.1)))")
    }
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try copyStored()
      case 1: try decode(HuffmanPair.fixed)
      case 2: try decode(try dynamicCodes())
      default: throw failure("a block of type 0, 1 or 2", "type 3")
      }
    }
    guard count == output.count else { throw failure("\(output.count) bytes of image data", "only \(count)") }
    bits >>= UInt64(bitCount % 8)
    bitCount -= bitCount % 8
    var expected: UInt32 = 0
    for _ in 0..<4 { expected = expected << 8 | UInt32(try take(8)) }
    let actual = Adler32.checksum(output)
    guard actual == expected else {
      throw failure("the checksum \(hexadecimal(actual))", hexadecimal(expected))
    }
  }

  // MARK: Blocks

  private mutating func copyStored() throws(Failure) {
    bits >>= UInt64(bitCount % 8)
    bitCount -= bitCount % 8
    let (length, complement) = try (take(16), take(16))
    guard length == complement ^ 0xFFFF else {
      throw failure("a length and its complement", "\(length) and \(complement)")
    }
    try reserve(length)
    for _ in 0..<length {
      output[count] = UInt8(try take(8))
      count += 1
    }
  }

  private struct HuffmanPair {
    let literals: HuffmanCode
    let distances: HuffmanCode

    init?(literals: some Collection<UInt8>, distances: some Collection<UInt8>) {
      guard let literals = HuffmanCode(lengths: literals), let distances = HuffmanCode(lengths: distances) else {
        return nil
      }
      (self.literals, self.distances) = (literals, distances)
    }

    /// Built only once, because a hostile stream may consist of many empty blocks that use these codes.
    static let fixed = HuffmanPair(
      literals: DeflateFormat.fixedLengths, distances: [UInt8](repeating: 5, count: 32))
  }

  private mutating func dynamicCodes() throws(Failure) -> HuffmanPair? {
    let literalCount = try take(5) + 257
    let distanceCount = try take(5) + 1
    let lengthCount = try take(4) + 4
    guard literalCount <= 286, distanceCount <= 30 else {
      throw failure(
        "at most 286 literal and 30 distance symbols", "\(literalCount) literal and \(distanceCount) distance symbols")
    }
    var lengthLengths = [UInt8](repeating: 0, count: 19)
    for symbol in DeflateFormat.lengthOrder.prefix(lengthCount) { lengthLengths[symbol] = UInt8(try take(3)) }
    guard let lengthCode = HuffmanCode(lengths: lengthLengths) else {
      throw failure("code lengths that define a prefix code, for the code-length code", "others")
    }
    var lengths: [UInt8] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try take(lengthCode)
      let (value, repetitions): (UInt8, Int)
      switch symbol {
      case 16:
        guard let previous = lengths.last else { throw failure("a code length", "a repetition of none") }
        (value, repetitions) = (previous, try take(2) + 3)
      case 17: (value, repetitions) = (0, try take(3) + 3)
      case 18: (value, repetitions) = (0, try take(7) + 11)
      default: (value, repetitions) = (UInt8(symbol), 1)
      }
      guard lengths.count + repetitions <= literalCount + distanceCount else {
        throw failure("\(literalCount + distanceCount) code lengths", "more")
      }
      for _ in 0..<repetitions { lengths.append(value) }
    }
    guard lengths[256] > 0 else { throw failure("a code for the end-of-block symbol", "none") }
    return HuffmanPair(literals: lengths[..<literalCount], distances: lengths[literalCount...])
  }

  private mutating func decode(_ codes: HuffmanPair?) throws(Failure) {
    guard let codes else { throw failure("code lengths that define a prefix code", "others") }
    let (lengths, distances) = (DeflateFormat.lengths, DeflateFormat.distances)
    while true {
      let symbol = try take(codes.literals)
      if symbol < 256 {
        try reserve(1)
        output[count] = UInt8(symbol)
        count += 1
        continue
      }
      if symbol == 256 { return }
      guard symbol - 257 < lengths.count else { throw failure("a length symbol up to 285", "\(symbol)") }
      let length = lengths[symbol - 257].base + (try take(lengths[symbol - 257].bits))
      let distanceSymbol = try take(codes.distances)
      guard distanceSymbol < distances.count else {
        throw failure("a distance symbol up to 29", "\(distanceSymbol)")
      }
      let distance = distances[distanceSymbol].base + (try take(distances[distanceSymbol].bits))
      guard distance <= count else { throw failure("a distance of at most \(count)", "\(distance)") }
      try reserve(length)
      // The source and the target may overlap: a distance of 1 repeats one byte.
      for _ in 0..<length {
        output[count] = output[count - distance]
        count += 1
      }
    }
  }

  private func reserve(_ more: Int) throws(Failure) {
    if count + more > output.count { throw failure("\(output.count) bytes of image data", "more") }
  }

  // MARK: Bits

  @inline(__always)
  private mutating func refill() {
    while bitCount <= 56 && position < input.count {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      bitCount += 8
      position += 1
    }
  }

  /// The next `wanted` bits as a number.
  @inline(__always)
  private mutating func take(_ wanted: Int) throws(Failure) -> Int {
    if bitCount < wanted { refill() }
    guard bitCount >= wanted else { throw ended() }
    let result = Int(bits & (1 << UInt64(wanted) - 1))
    bits >>= UInt64(wanted)
    bitCount -= wanted
    return result
  }

  /// Decodes the next symbol.
  @inline(__always)
  private mutating func take(_ code: HuffmanCode) throws(Failure) -> Int {
    if bitCount < HuffmanCode.maximumLength { refill() }
    guard let (symbol, length) = code.decode(bits) else {
      throw bitCount < HuffmanCode.maximumLength ? ended() : failure("a Huffman code", "another bit pattern")
    }
    guard length <= bitCount else { throw ended() }
    bits >>= UInt64(length)
    bitCount -= length
    return symbol
  }

  private func ended() -> Failure {
    Failure(offset: input.count, expected: "more compressed data", found: "its end")
  }

  private func failure(_ expected: String, _ found: String) -> Failure {
    Failure(offset: position - (bitCount + 7) / 8, expected: expected, found: found)
  }
}

/// Eight hexadecimal digits, for checksums.
package func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
}
