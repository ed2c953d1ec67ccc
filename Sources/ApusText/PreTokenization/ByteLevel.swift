// GPT-2's words, of bytes. Read first: ByteAlphabet.swift, PreTokenizer.swift.

/// Words with the space before them, spelled as bytes.
struct ByteLevel: PreTokenizer {
  /// Puts a space before every piece that begins with none.
  let addsPrefixSpace: Bool
  /// Cuts words by GPT-2's pattern; otherwise an earlier step has.
  let cutsWords: Bool
  /// Spells the bytes out; otherwise the model takes them as they are.
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

/// GPT-2's pattern of words, written out: a contraction; or letters, digits or other characters with a space before them;
/// or white space, of which the last leaves itself to a word behind it.
enum GPT2Pattern {
  static let text =
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// What a scalar is to the pattern.
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
          // The last one belongs to what follows, if it is not alone.
          if i < end && last > from { i = last }
        }
        match(from, i)
      }
    }
  }

  /// The length of 's, 't, 're, 've, 'm, 'll or 'd, or 0.
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
