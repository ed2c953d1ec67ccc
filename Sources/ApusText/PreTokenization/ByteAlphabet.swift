// GPT-2's spelling of bytes: every byte is a printable character, so that a vocabulary of bytes can be a text file.
// Read next: ByteLevel.swift.

import ApusFiles

/// A character for each of the 256 bytes, and back.
///
/// Printable bytes of Latin-1 are themselves; the others are U+0100, U+0101, … in order: a space is "Ġ".
enum ByteAlphabet {
  /// The scalar that stands for each byte.
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

  /// The byte of each scalar below 0x144, −1 where there is none.
  private static let bytes: [Int16] = {
    var result = [Int16](repeating: -1, count: 0x144)
    for (byte, value) in scalars.enumerated() { result[Int(value)] = Int16(byte) }
    return result
  }()

  /// The UTF-8 of the character that stands for a byte.
  static func spelling(_ byte: UInt8) -> [UInt8] { spellings[Int(byte)] }

  /// Appends the bytes that a token's characters stand for; false, and nothing appended, if one stands for none.
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
  /// Writes every byte as its character; all characters of a scalar have the scalar's origin.
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
