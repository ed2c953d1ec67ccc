// GPT-2's byte-level pre-tokenizer. Read first: ByteAlphabet.swift, PreTokenizer.swift.

/// Cuts text into words that include the preceding space, and spells them with the byte alphabet.
struct ByteLevel: PreTokenizer {
  /// Whether a space is put before every piece that does not begin with one.
  let addsPrefixSpace: Bool
  /// Whether to cut words by GPT-2's pattern; otherwise an earlier step has cut them.
  let cutsWords: Bool
  /// Whether to spell bytes with the byte alphabet; otherwise the model reads raw bytes.
  var spellsBytes = true

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    if addsPrefixSpace {
      let isMissing = pieces.contains { text.bytes[Int($0.start)] != 0x20 }
      if isMissing {
        text.rewritePieces(&pieces) { piece in if piece.bytes.first != 0x20 { piece.prepend([0x20]) } }
      }
    }
    if cutsWords {
      text.cut(&pieces, .isolated) { bytes, piece, match in
        GPT2Pattern.forEachMatch(bytes, Int(piece.start), Int(piece.end), match)
      }
    }
    if spellsBytes { text.rewritePieces(&pieces) { $0.spellBytes() } }
  }
}

/// GPT-2's pattern, implemented by hand. It matches a contraction; or a run of letters, digits or other characters,
/// with an optional space before it; or white space, except for a last character that belongs to the next word.
enum GPT2Pattern {
  static let text =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The class of a scalar in the pattern.
  private enum Kind: UInt8 {
    case other, letter, number, space
  }

  private static let asciiKinds: [Kind] = (0..<128).map { kind(ScalarTable.shared[$0]) }

  private static func kind(_ properties: ScalarProperties) -> Kind {
    if properties.contains(.letter) { return .letter }
    if properties.contains(.number) { return .number }
    return properties.contains(.space) ? .space : .other
  }

  @inline(__always)
  static func forEachMatch(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ match: (Int, Int) -> Void) {
    let table = ScalarTable.shared
    asciiKinds.withUnsafeBufferPointer { ascii in
      func scan(_ i: Int) -> (kind: Kind, length: Int) {
        if bytes[i] < 0x80 { return (ascii[Int(bytes[i])], 1) }
        let (value, length) = decodeScalar(bytes, at: i)
        return (kind(table[value]), length)
      }
      var i = start
      while i < end {
        let from = i
        if bytes[i] == UInt8(ascii: "'") {
          let length = contraction(bytes, i, end)
          if length > 0 {
            i += length
            match(from, i)
            continue
          }
        }
        var (kind, length) = scan(i)
        if bytes[i] == 0x20, i + 1 < end {
          let next = scan(i + 1)
          if next.kind != .space { (kind, length) = (next.kind, 1 + next.length) }
        }
        i += length
        if kind != .space {
          while i < end {
            let next = scan(i)
            if next.kind != kind { break }
            i += next.length
          }
        } else {
          var last = from
          while i < end {
            let next = scan(i)
            if next.kind != .space { break }
            last = i
            i += next.length
          }
          // The last white space character belongs to the next word unless it is the only one.
          if i < end && last > from { i = last }
        }
        match(from, i)
      }
    }
  }

  /// The length of the contraction 's, 't, 're, 've, 'm, 'll or 'd at this position, or 0.
  private static func contraction(_ bytes: UnsafePointer<UInt8>, _ i: Int, _ end: Int) -> Int {
    guard i + 1 < end else { return 0 }
    switch bytes[i + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"): return i + 2 < end && bytes[i + 2] == UInt8(ascii: "e") ? 3 : 0
    case UInt8(ascii: "l"): return i + 2 < end && bytes[i + 2] == UInt8(ascii: "l") ? 3 : 0
    default: return 0
    }
  }
}
