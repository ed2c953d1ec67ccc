// UTF-8 validation.
// Read next: TextFile.swift, ../JSON/JSONReader.swift.

/// The offset of the first byte that does not begin a valid UTF-8 sequence, or nil if all bytes are valid.
///
/// Valid sequences are those of table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above
/// U+10FFFF.
package func firstInvalidUTF8(in bytes: UnsafeRawBufferPointer) -> Int? {
  let count = bytes.count
  var i = 0
  while i < count {
    // Most text is mostly ASCII, so eight ASCII bytes are skipped at a time.
    while i + 8 <= count, bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
      i += 8
    }
    if i == count { return nil }
    let lead = bytes[i]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0x00...0x7F: length = 1
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
      length = 3
      if lead == 0xE0 { second = 0xA0...0xBF } else if lead == 0xED { second = 0x80...0x9F }
    case 0xF0...0xF4:
      length = 4
      if lead == 0xF0 { second = 0x90...0xBF } else if lead == 0xF4 { second = 0x80...0x8F }
    default: return i
    }
    if i + length > count { return i }
    if length > 1 && !second.contains(bytes[i + 1]) { return i }
    for j in 2..<max(2, length) where bytes[i + j] & 0xC0 != 0x80 { return i }
    i += length
  }
  return nil
}

/// A byte for a message: `the byte 0xFF`.
package func spelled(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16, uppercase: true)
  return "the byte 0x" + (digits.count == 1 ? "0" : "") + digits
}
