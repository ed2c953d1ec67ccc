// SentencePiece's normalization: its replacement rules and its handling of spaces.
// Read first: Precompiled.swift. Read next: ../Loading/SentencePieceFile.swift.

/// SentencePiece's own normalization, byte for byte.
///
/// At every position the longest matching rule wins (in `Precompiled`, the shortest). Leading, trailing and repeated
/// spaces can be removed, the other spaces become "▁", and one more may be put before the text.
struct SentencePieceNormalizer: Normalizer {
  struct Options: Sendable {
    /// Whether a space is added before the text, or after it if `isSuffix` is set.
    var addsSpace = true
    /// Whether leading and trailing spaces are removed and repeated ones are merged.
    var removesSpaces = true
    /// Whether spaces become "▁".
    var escapesSpaces = true
    var isSuffix = false
    /// Whether leading spaces are kept even if `removesSpaces` is set, because the text continues another one.
    var keepsFirstSpaces = false
  }

  let options: Options
  private let map: CharacterMap?
  /// Pieces that no rule may change.
  private let protected: PieceTrie?
  private let space: [UInt8]

  init(map: CharacterMap?, options: Options, protected: [[UInt8]] = []) {
    (self.map, self.options) = (map, options)
    var trie = PieceTrie(capacity: protected.reduce(0) { $0 + $1.count })
    for (i, piece) in protected.enumerated() { trie.insert(piece, id: Int32(i)) }
    self.protected = protected.isEmpty ? nil : trie
    space = options.escapesSpaces ? [0xE2, 0x96, 0x81] : [0x20]
  }

  func normalize(_ text: inout AlignedText) {
    var bytes: [UInt8] = []
    var origins: [Origin] = []
    bytes.reserveCapacity(text.bytes.count * 3 / 2 + 8)
    origins.reserveCapacity(text.bytes.count * 3 / 2 + 8)
    func append(_ part: [UInt8], _ origin: Origin) {
      bytes.append(contentsOf: part)
      origins.append(contentsOf: repeatElement(origin, count: part.count))
    }
    text.bytes.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      let count = source.count
      var i = 0
      while options.removesSpaces, !options.keepsFirstSpaces, i < count {
        let (length, replacement) = rule(start + i, count - i)
        let isSpace = replacement.map { $0.count == 1 && $0.first == 0x20 } ?? (length == 1 && start[i] == 0x20)
        guard isSpace else { break }
        i += length
      }
      if i == count { return }
      if options.addsSpace, !options.isSuffix { append(space, text.origin(at: i)) }
      var isAfterSpace = options.removesSpaces && !options.keepsFirstSpaces
      while i < count {
        let (length, replacement) = rule(start + i, count - i)
        let origin = Origin(start: text.origin(at: i).start, end: text.origin(before: i + length).end)
        let new = replacement ?? ArraySlice(UnsafeBufferPointer(start: start + i, count: length))
        // Within one replacement, only leading spaces can be repetitions of a preceding space.
        var isFirst = isAfterSpace
        for byte in new {
          if byte != 0x20 { isFirst = false }
          if isFirst { continue }
          if byte == 0x20 {
            append(space, origin)
          } else {
            bytes.append(byte)
            origins.append(origin)
          }
        }
        if let last = new.last, !isFirst { isAfterSpace = options.removesSpaces && last == 0x20 }
        i += length
      }
      if options.removesSpaces {
        while bytes.count >= space.count, bytes.suffix(space.count).elementsEqual(space) {
          bytes.removeLast(space.count)
          origins.removeLast(space.count)
        }
      }
      if options.addsSpace, options.isSuffix { append(space, text.origin(before: count)) }
    }
    text = AlignedText(bytes: bytes, origins: origins, base: text.base)
  }

  /// The number of bytes at the start of the text to replace, and the replacement; nil if they stay.
  private func rule(_ text: UnsafePointer<UInt8>, _ count: Int) -> (length: Int, replacement: ArraySlice<UInt8>?) {
    var longest = 0
    protected?.forEachPrefix(text, count) { length, _ in longest = length }
    if longest > 0 { return (longest, nil) }
    if let (length, replacement) = map?.match(UnsafeBufferPointer(start: text, count: count), longest: true) {
      return (length, replacement)
    }
    // A rule may have matched only a part of a character; its remaining bytes are invalid.
    if isContinuation(text[0]) { return (1, SentencePieceNormalizer.replacement) }
    return (utf8Length(lead: text[0]), nil)
  }

  private static let replacement: ArraySlice<UInt8> = [0xEF, 0xBF, 0xBD]
}
