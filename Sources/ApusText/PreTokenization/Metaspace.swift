// SentencePiece's pre-tokenization: spaces become a visible character, with which every word begins.
// Read first: PreTokenizer.swift.

import ApusFiles

/// Replaces spaces by "▁", and cuts before each of them.
struct Metaspace: PreTokenizer {
  /// The pieces that get a "▁" even if they do not begin with a space.
  enum Prefix: String, CaseIterable, Sendable {
    /// All pieces.
    case always
    /// The piece at the beginning of the text.
    case first
    case never
  }

  let replacement: UInt32
  let prefix: Prefix
  let cuts: Bool

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    var spelled: [UInt8] = []
    appendScalar(replacement, to: &spelled)
    var (bytes, origins): ([UInt8], [Origin]) = ([], [])
    bytes.reserveCapacity(text.bytes.count * 3 / 2 + 8)
    origins.reserveCapacity(text.bytes.count * 3 / 2 + 8)
    var result: [Piece] = []
    result.reserveCapacity(text.bytes.count / 5)
    for piece in pieces {
      let (from, to) = (Int(piece.start), Int(piece.end))
      guard from < to else { continue }
      var start = bytes.count
      let first = text.origin(at: from)
      let isPrefixed = text.bytes[from] == 0x20 || text.bytes[from..<to].starts(with: spelled)
      if !isPrefixed, prefix == .always || (prefix == .first && first.start == 0) {
        bytes.append(contentsOf: spelled)
        for _ in spelled { origins.append(first) }
      }
      var i = from
      while i < to {
        let origin = text.origin(at: i)
        let length = utf8Length(lead: text.bytes[i])
        let isSpace = text.bytes[i] == 0x20
        if cuts, bytes.count > start,
          isSpace || (text.bytes[i] == spelled[0] && text.bytes[i..<to].starts(with: spelled))
        {
          result.append(Piece(start, bytes.count))
          start = bytes.count
        }
        if isSpace {
          bytes.append(contentsOf: spelled)
          for _ in spelled { origins.append(origin) }
        } else {
          for j in i..<i + length {
            bytes.append(text.bytes[j])
            origins.append(origin)
          }
        }
        i += length
      }
      result.append(Piece(start, bytes.count))
    }
    text = AlignedText(bytes: bytes, origins: origins, base: text.base)
    pieces = result
  }
}
