// Decodes pieces as SentencePiece does. Read first: TextDecoder.swift.
// Read next: ../Normalization/SentencePieceNormalizer.swift.

import ApusFiles

/// Converts "▁" to spaces except for those added before the text, byte tokens to characters, and the unknown token to
/// its surface.
struct SentencePieceDecoder: TextDecoder {
  /// The name of the unknown token, and the text that represents it.
  let unknown: (name: String, surface: String)
  /// The character that represents a space.
  var space = "\u{2581}"
  /// Whether one space before the text is removed.
  let dropsSpace: Bool
  /// Whether all spaces before the text are removed.
  let dropsAllSpaces: Bool
  /// Whether tokens such as `<0xE2>` represent bytes.
  let hasBytes: Bool
  /// The model's pieces, with the value 1 for those that represent no text. A token that is not in the table is copied
  /// as it is. If the table is empty, every token is a piece with text.
  var kinds = ByteStringTable()

  func decode(_ tokens: [String]) -> [String] {
    var result = ""
    var bytes: [UInt8] = []
    var isFirst = true
    var hasDropped = false
    for token in tokens {
      if hasBytes, let byte = ByteFallbackDecoder.byte(token) {
        bytes.append(byte)
        continue
      }
      SentencePieceDecoder.flush(&bytes, into: &result)
      if hasDropped || !result.isEmpty { isFirst = false }
      if token.utf8.elementsEqual(unknown.name.utf8) {
        hasDropped = false
        result += unknown.surface
        continue
      }
      var piece = token[...]
      let kind = kinds.count == 0 ? 0 : kinds.find(token.utf8)
      guard kind == 0 else {
        hasDropped = false
        if kind < 0 { result += token }
        continue
      }
      if isFirst, dropsSpace || dropsAllSpaces, piece.unicodeScalars.starts(with: space.unicodeScalars) {
        piece = Substring(piece.unicodeScalars.dropFirst(space.unicodeScalars.count))
        hasDropped = !dropsAllSpaces
      } else {
        hasDropped = false
      }
      if space.utf8.elementsEqual(" ".utf8) {
        result += piece
      } else {
        for scalar in piece.unicodeScalars {
          result.unicodeScalars.append(scalar == "\u{2581}" ? " " : scalar)
        }
      }
    }
    SentencePieceDecoder.flush(&bytes, into: &result)
    return [result]
  }

  /// Appends the characters that the bytes encode; each byte that is not part of valid UTF-8 becomes a replacement
  /// character.
  private static func flush(_ bytes: inout [UInt8], into result: inout String) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let valid = rest.withUnsafeBytes { firstInvalidUTF8(in: $0) } ?? rest.count
      result += String(decoding: rest.prefix(valid), as: UTF8.self)
      rest = rest.dropFirst(valid)
      if !rest.isEmpty {
        result += "\u{FFFD}"
        rest = rest.dropFirst()
      }
    }
    bytes.removeAll(keepingCapacity: true)
  }
}
