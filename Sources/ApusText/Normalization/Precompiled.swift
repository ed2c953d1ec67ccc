// SentencePiece's normalization rules: a compiled table of replacements.
// Read first: Normalizer.swift.

import ApusFiles

/// A double-array trie that maps byte strings to replacements; SentencePiece compiles its normalization rules to this
/// form and stores it in the model file.
///
/// The format is: the size of the trie in four bytes, its units of four bytes each, and the replacements, each
/// terminated by a zero byte.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  /// All replacements, each terminated by a zero byte.
  let replacements: [UInt8]

  /// Parses a compiled map.
  ///
  /// - Throws: if the map is truncated or its replacements are invalid.
  init(_ bytes: [UInt8], path: String, place: String) throws(FileFormatError) {
    func word(_ i: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << UInt32(8 * $1) } }
    let size = bytes.count < 4 ? -1 : Int(word(0))
    guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else {
      throw FileFormatError(
        path: path, place: .key(place), expected: "a compiled character map: the size of its trie, then the trie",
        found: "\(bytes.count) bytes" + (size >= 0 ? " and the size \(size)" : ""))
    }
    units = (0..<size / 4).map { word(4 + 4 * $0) }
    let strings = bytes[(4 + size)...]
    guard String(validating: strings, as: UTF8.self) != nil, strings.isEmpty || strings.last == 0 else {
      throw FileFormatError(
        path: path, place: .key(place), expected: "zero-terminated replacements in UTF-8", found: "other bytes")
    }
    replacements = Array(strings)
  }

  /// The shortest or the longest rule that matches at the start of `text`: the length of the match, and its
  /// replacement.
  func match(_ text: some Sequence<UInt8>, longest: Bool) -> (length: Int, replacement: ArraySlice<UInt8>)? {
    var result: (Int, Int)?
    var node = CharacterMap.offset(units[0])
    var length = 0
    for byte in text {
      node ^= Int(byte)
      guard byte != 0, node < units.count else { break }
      let unit = units[node]
      guard unit & 0x8000_00FF == UInt32(byte) else { break }
      node ^= CharacterMap.offset(unit)
      length += 1
      if unit & 0x100 != 0, node < units.count {
        result = (length, Int(units[node] & 0x7FFF_FFFF))
        if !longest { break }
      }
    }
    guard let (length, start) = result, start < replacements.count,
      start == 0 || replacements[start - 1] == 0 || !isContinuation(replacements[start])
    else { return nil }
    let end = replacements[start...].firstIndex(of: 0) ?? replacements.endIndex
    return (length, replacements[start..<end])
  }

  private static func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 0x200) >> 6)) }
}

/// SentencePiece's rules as the `tokenizers` library applies them: to each grapheme cluster of at most five bytes, or
/// else to each of its scalars. The shortest rule wins, even if it covers only the start of the cluster.
struct Precompiled: Normalizer {
  let map: CharacterMap
  /// The replacement of each single ASCII character; −1 if its length is not 1.
  private let ascii: [Int16]

  init(_ map: CharacterMap) {
    self.map = map
    ascii = (0..<128).map { byte in
      guard let (_, replacement) = map.match([UInt8(byte)], longest: false) else { return Int16(byte) }
      return replacement.count == 1 ? replacement.first.map { Int16($0) } ?? -1 : -1
    }
  }

  func normalize(_ text: inout AlignedText) {
    if replaceASCII(&text) { return }
    // Edits are collected first, because a deletion is recorded with the scalar before it.
    var edits: [(value: UInt32, change: Int)] = []
    edits.reserveCapacity(text.bytes.count)
    var isChanged = false
    for character in String(decoding: text.bytes, as: UTF8.self) {
      let cluster = character.utf8
      if cluster.count < 6, let (_, replacement) = map.match(cluster, longest: false) {
        replace(&edits, count: character.unicodeScalars.count, by: replacement)
        isChanged = true
        continue
      }
      for scalar in character.unicodeScalars {
        if let (_, replacement) = map.match(UTF8.encode(scalar).map { Array($0) } ?? [], longest: false) {
          replace(&edits, count: 1, by: replacement)
          isChanged = true
        } else {
          edits.append((scalar.value, 0))
        }
      }
    }
    guard isChanged else { return }
    var editor = TextEditor(text)
    for edit in edits { editor.put(edit.value, change: edit.change) }
    text = editor.result
  }

  private func replace(_ edits: inout [(value: UInt32, change: Int)], count: Int, by replacement: ArraySlice<UInt8>) {
    let new = scalars(replacement)
    // If the replacement is longer, its last scalars are insertions. If it is shorter, its last scalar replaces the
    // rest.
    for (i, value) in new.enumerated() { edits.append((value, i >= count ? 1 : 0)) }
    if new.count < count, !edits.isEmpty { edits[edits.count - 1].change -= count - new.count }
  }

  /// Handles ASCII text in which every replacement has length 1; returns false for any other text.
  private func replaceASCII(_ text: inout AlignedText) -> Bool {
    var previous: UInt8 = 0
    for byte in text.bytes {
      if byte >= 0x80 || ascii[Int(byte)] < 0 || (previous == 0x0D && byte == 0x0A) { return false }
      previous = byte
    }
    for i in text.bytes.indices { text.bytes[i] = UInt8(truncatingIfNeeded: ascii[Int(text.bytes[i])]) }
    return true
  }
}
