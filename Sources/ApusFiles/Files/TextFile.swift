// Reads text files completely and checks their encoding.
// Read first: UTF8Validation.swift. Read next: CharacterTokenizer.swift.

public import Foundation

/// Reads text files.
public enum TextFile {
  /// The text of a UTF-8 file, with `\r\n` replaced by `\n` and without a byte order mark.
  ///
  /// - Throws: if the file cannot be read, is empty, or is not UTF-8, with the offset of the first wrong byte.
  public static func read(_ url: URL) throws(FileFormatError) -> String {
    let file = try MappedFile(contentsOf: url)
    return try withExtendedLifetime(file) { () throws(FileFormatError) in try text(of: file.bytes, path: file.path) }
  }

  /// Checks and converts bytes in the same way as `read`.
  static func text(of bytes: UnsafeRawBufferPointer, path: String) throws(FileFormatError) -> String {
    if let offset = firstInvalidUTF8(in: bytes) {
      // Windows editors save UTF-16 under the name "Unicode".
      let isUTF16 = bytes.count > 1 && [bytes[0], bytes[1]].sorted() == [0xFE, 0xFF]
      let found = isUTF16 ? "a UTF-16 byte order mark" : spelled(bytes[offset])
      throw FileFormatError(path: path, place: .byte(offset), expected: "UTF-8 text", found: found)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0))
    guard !content.isEmpty else { throw FileFormatError(path: path, expected: "text", found: "an empty file") }
    return String(unsafeUninitializedCapacity: content.count) { target in
      var count = 0
      for (i, byte) in content.enumerated() {
        if byte == UInt8(ascii: "\r"), i + 1 < content.count, content[i + 1] == UInt8(ascii: "\n") { continue }
        target[count] = byte
        count += 1
      }
      return count
    }
  }
}
