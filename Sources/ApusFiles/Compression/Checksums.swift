// The two checksums of PNG files. Read next: PNGReader.swift, Inflate.swift.

/// CRC-32, the checksum of PNG chunks: the remainder of a polynomial division over GF(2) (ISO 3309).
package enum CRC32 {
  /// For each byte, the remainder of its division.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { remainder, _ in remainder & 1 == 1 ? 0xEDB8_8320 ^ remainder >> 1 : remainder >> 1 }
  }

  package static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    let table = table
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes { remainder = table[Int((remainder ^ UInt32(byte)) & 0xFF)] ^ remainder >> 8 }
    return ~remainder
  }
}

/// Adler-32, the checksum of zlib streams: two sums modulo 65521 (RFC 1950).
enum Adler32 {
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var (a, b): (UInt64, UInt64) = (1, 0)
    var pending = 0
    for byte in bytes {
      a += UInt64(byte)
      b += a
      pending += 1
      // The 64-bit sums could hold far more than 2¹⁶ bytes before they must be reduced.
      if pending == 1 << 16 {
        a %= 65_521
        b %= 65_521
        pending = 0
      }
    }
    return UInt32(b % 65_521) << 16 | UInt32(a % 65_521)
  }
}
