// Conversion between Unicode scalars and UTF-8; the tokenizers work on bytes.
// Read next: ScalarProperties.swift, AlignedText.swift.

/// The scalar that begins at byte `i`, and its length in bytes.
///
/// - Precondition: the bytes are valid UTF-8, and `i` is the first byte of a scalar.
@inline(__always)
func decodeScalar(_ bytes: UnsafePointer<UInt8>, at i: Int) -> (value: UInt32, length: Int) {
  let lead = UInt32(bytes[i])
  if lead < 0x80 { return (lead, 1) }
  if lead < 0xE0 { return ((lead & 0x1F) << 6 | UInt32(bytes[i + 1] & 0x3F), 2) }
  if lead < 0xF0 {
    return ((lead & 0x0F) << 12 | UInt32(bytes[i + 1] & 0x3F) << 6 | UInt32(bytes[i + 2] & 0x3F), 3)
  }
  return (
    (lead & 0x07) << 18 | UInt32(bytes[i + 1] & 0x3F) << 12 | UInt32(bytes[i + 2] & 0x3F) << 6
      | UInt32(bytes[i + 3] & 0x3F), 4
  )
}

/// The scalar that ends before byte `end`, and its first byte.
@inline(__always)
func decodeScalar(_ bytes: UnsafePointer<UInt8>, before end: Int) -> (value: UInt32, start: Int) {
  var start = end - 1
  while start > 0, isContinuation(bytes[start]) { start -= 1 }
  return (decodeScalar(bytes, at: start).value, start)
}

/// Whether a byte is a continuation byte, which is not the first of its scalar.
@inline(__always)
func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

/// The length of a scalar in UTF-8.
@inline(__always)
func utf8Length(_ value: UInt32) -> Int { value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4 }

/// The length of the scalar whose first byte this is.
@inline(__always)
func utf8Length(lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

/// Appends a scalar in UTF-8.
@inline(__always)
func appendScalar(_ value: UInt32, to bytes: inout [UInt8]) {
  if value < 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: value))
    return
  }
  if value < 0x800 {
    bytes.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
  } else {
    if value < 0x10000 {
      bytes.append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
    } else {
      bytes.append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
      bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
    }
    bytes.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
  }
  bytes.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
}

/// Whether all bytes are ASCII.
func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  let raw = UnsafeRawBufferPointer(bytes)
  var i = 0
  while i + 8 <= raw.count {
    if raw.loadUnaligned(fromByteOffset: i, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return false }
    i += 8
  }
  while i < raw.count {
    if raw[i] >= 0x80 { return false }
    i += 1
  }
  return true
}

/// The scalars of valid UTF-8.
func scalars(_ bytes: some Collection<UInt8>) -> [UInt32] {
  String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
}
