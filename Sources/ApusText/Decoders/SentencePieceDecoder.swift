// From pieces back to text, as SentencePiece does it. Read first: TextDecoder.swift.
// Read next: ../Normalization/SentencePieceNormalizer.swift.

import ApusFiles

/// Spaces from "▁", without those that were put before the text; characters from byte tokens; a sign for unknown ones.
struct SentencePieceDecoder: TextDecoder {
  /// The name of the unknown token, and what stands for it in texts.
  let unknown: (name: String, surface: String)
  /// The spelling of a space.
  var space = "\u{2581}"
  /// One space before the text is dropped.
  let dropsSpace: Bool
  /// All spaces before the text are dropped.
  let dropsAllSpaces: Bool
  /// Tokens like `<0xE2>` are bytes.
  let hasBytes: Bool
  /// The pieces of the model, with 1 for those that stand for no text; what is none of them is text as it is. Empty: all are.
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

  /// The characters that the bytes spell; every byte that belongs to none becomes a replacement character.
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
