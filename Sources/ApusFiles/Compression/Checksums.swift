// The two checksums of PNG files. Read next: PNGReader.swift, Inflate.swift.

/// The remainder of a division of polynomials over two elements (ISO 3309), as PNG chunks end with.
package enum CRC32 {
  /// For each byte the remainder that it leaves behind.
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

/// Two sums modulo 65521 (RFC 1950), which zlib streams end with.
enum Adler32 {
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var (a, b): (UInt64, UInt64) = (1, 0)
    var pending = 0
    for byte in bytes {
      a += UInt64(byte)
      b += a
      pending += 1
      // 64 bits hold the sums of far more bytes than these before they must be reduced.
      if pending == 1 << 16 {
        a %= 65_521
        b %= 65_521
        pending = 0
      }
    }
    return UInt32(b % 65_521) << 16 | UInt32(a % 65_521)
  }
}
