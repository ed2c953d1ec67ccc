// GPT-2's byte alphabet: each byte is represented by a printable character, so that byte-level tokens are valid text.
// Read next: ByteLevel.swift.

import ApusFiles

/// Maps each of the 256 bytes to a character and back.
///
/// Printable bytes of Latin-1 represent themselves; the others are mapped to U+0100, U+0101, … in order. A space is
/// "Ġ".
enum ByteAlphabet {
  /// The scalar that represents each byte.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
      default:
        next += 1
        return next - 1
      }
    }
  }()

  private static let spellings: [[UInt8]] = scalars.map { value in
    var bytes: [UInt8] = []
    appendScalar(value, to: &bytes)
    return bytes
  }

  /// The byte of each scalar below 0x144; −1 where there is none.
  private static let bytes: [Int16] = {
    var result = [Int16](repeating: -1, count: 0x144)
    for (byte, value) in scalars.enumerated() { result[Int(value)] = Int16(byte) }
    return result
  }()

  /// The UTF-8 encoding of the character that represents a byte.
  static func spelling(_ byte: UInt8) -> [UInt8] { spellings[Int(byte)] }

  /// Appends the bytes that a token's characters represent. If a character represents none, nothing is appended and the
  /// result is false.
  static func appendBytes(of token: String, to result: inout [UInt8]) -> Bool {
    let count = result.count
    for scalar in token.unicodeScalars {
      guard scalar.value < 0x144, bytes[Int(scalar.value)] >= 0 else {
        result.removeLast(result.count - count)
        return false
      }
      result.append(UInt8(truncatingIfNeeded: bytes[Int(scalar.value)]))
    }
    return true
  }
}

extension AlignedText {
  /// Replaces every byte by its character; all characters of a scalar have that scalar's origin.
  mutating func spellBytes() {
    keepOrigins()
    let known = origins ?? []
    var (newBytes, newOrigins): ([UInt8], [Origin]) = ([], [])
    newBytes.reserveCapacity(bytes.count * 5 / 4)
    newOrigins.reserveCapacity(bytes.count * 5 / 4)
    for (byte, origin) in zip(bytes, known) {
      for spelled in ByteAlphabet.spelling(byte) {
        newBytes.append(spelled)
        newOrigins.append(origin)
      }
    }
    self = AlignedText(bytes: newBytes, origins: newOrigins, base: base)
  }
}
