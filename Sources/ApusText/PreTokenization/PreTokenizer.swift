// Pre-tokenizers, which cut a text into words for the model. Read first: ../Subwords/TokenModel.swift (Piece).
// Read next: SplitBehavior.swift, ByteLevel.swift, Metaspace.swift.

/// A pre-tokenization step: cuts pieces of a text into smaller ones; some steps also rewrite the text.
protocol PreTokenizer: Sendable {
  func split(_ text: inout AlignedText, _ pieces: inout [Piece])
}

/// Applies several pre-tokenizers in order.
struct PreTokenizerSequence: PreTokenizer {
  let steps: [any PreTokenizer]

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    for step in steps { step.split(&text, &pieces) }
  }
}

extension AlignedText {
  /// Rewrites the pieces one by one; each new piece is the result of `body`.
  mutating func rewritePieces(_ pieces: inout [Piece], _ body: (inout AlignedText) -> Void) {
    var result = AlignedText(bytes: [], origins: [], base: base)
    result.bytes.reserveCapacity(bytes.count + bytes.count / 4)
    result.origins?.reserveCapacity(bytes.count + bytes.count / 4)
    for i in pieces.indices {
      var piece = part(Int(pieces[i].start), Int(pieces[i].end))
      body(&piece)
      let start = result.bytes.count
      result.append(piece)
      pieces[i] = Piece(start, result.bytes.count)
    }
    self = result
  }

  /// Cuts every piece at the ranges that `find` reports, which are in order and do not overlap.
  func cut(
    _ pieces: inout [Piece], _ behavior: SplitBehavior, inverted: Bool = false,
    find: (UnsafePointer<UInt8>, Piece, (Int, Int) -> Void) -> Void
  ) {
    var result: [Piece] = []
    result.reserveCapacity(max(pieces.count, bytes.count / 5))
    bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      for piece in pieces {
        var cutter = Cutter(behavior: behavior, inverted: inverted, from: Int(piece.start))
        find(start, piece) { from, to in cutter.match(from, to, into: &result) }
        cutter.finish(Int(piece.end), into: &result)
      }
    }
    pieces = result
  }

  /// Cuts every piece at the scalars for which `isDelimiter` is true.
  func cut(_ pieces: inout [Piece], _ behavior: SplitBehavior, at isDelimiter: (UInt32) -> Bool) {
    cut(&pieces, behavior) { text, piece, match in
      var i = Int(piece.start)
      while i < Int(piece.end) {
        let (value, length) = decodeScalar(text, at: i)
        if isDelimiter(value) { match(i, i + length) }
        i += length
      }
    }
  }
}

/// BERT's pre-tokenizer: cuts at white space, and makes each punctuation mark a word.
struct BertPreTokenizer: PreTokenizer {
  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    let table = ScalarTable.shared
    var result: [Piece] = []
    result.reserveCapacity(text.bytes.count / 5)
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let bytes = buffer.baseAddress else { return }
      for piece in pieces {
        var (start, i) = (Int(piece.start), Int(piece.start))
        while i < Int(piece.end) {
          let (value, length) = decodeScalar(bytes, at: i)
          let properties = table[value]
          if !properties.isDisjoint(with: [.space, .punctuation]) {
            if start < i { result.append(Piece(start, i)) }
            if !properties.contains(.space) { result.append(Piece(i, i + length)) }
            start = i + length
          }
          i += length
        }
        if start < i { result.append(Piece(start, i)) }
      }
    }
    pieces = result
  }
}

/// Cuts at white space, which is removed.
struct WhitespaceSplit: PreTokenizer {
  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    let table = ScalarTable.shared
    text.cut(&pieces, .removed) { table[$0].contains(.space) }
  }
}

/// Finds runs of word characters and runs of other characters, without white space: `\w+|[^\w\s]+`.
struct Whitespace: PreTokenizer {
  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    let table = ScalarTable.shared
    text.cut(&pieces, .removed, inverted: true) { bytes, piece, match in
      var i = Int(piece.start)
      while i < Int(piece.end) {
        let (start, first) = (i, table[decodeScalar(bytes, at: i).value])
        repeat {
          i += decodeScalar(bytes, at: i).length
        } while i < Int(piece.end)
          && Whitespace.kind(table[decodeScalar(bytes, at: i).value]) == Whitespace.kind(first)
        if Whitespace.kind(first) > 0 { match(start, i) }
      }
    }
  }

  /// 0 for white space, 1 for a word character, 2 for any other. No word character is white space.
  private static func kind(_ properties: ScalarProperties) -> Int {
    properties.contains(.word) ? 1 : properties.contains(.space) ? 0 : 2
  }
}

/// Cuts at punctuation.
struct Punctuation: PreTokenizer {
  let behavior: SplitBehavior

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    let table = ScalarTable.shared
    text.cut(&pieces, behavior) { table[$0].contains(.punctuation) }
  }
}

/// Separates digits from other characters, each by itself or in runs.
struct Digits: PreTokenizer {
  let areIndividual: Bool

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    let table = ScalarTable.shared
    text.cut(&pieces, areIndividual ? .isolated : .contiguous) { table[$0].contains(.numeric) }
  }
}

/// Cuts at one character, which is removed.
struct CharacterDelimiter: PreTokenizer {
  let delimiter: UInt32

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    text.cut(&pieces, .removed) { $0 == delimiter }
  }
}

/// Cuts into groups of a fixed number of scalars.
struct FixedLength: PreTokenizer {
  let length: Int

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    text.cut(&pieces, .isolated) { bytes, piece, match in
      var (i, start, count) = (Int(piece.start), Int(piece.start), 0)
      while i < Int(piece.end) {
        i += decodeScalar(bytes, at: i).length
        count += 1
        if count == length {
          match(start, i)
          (start, count) = (i, 0)
        }
      }
    }
  }
}

/// Cuts at the matches of a pattern.
struct PatternSplit: PreTokenizer {
  let pattern: TextPattern
  let behavior: SplitBehavior
  let isInverted: Bool

  func split(_ text: inout AlignedText, _ pieces: inout [Piece]) {
    text.cut(&pieces, behavior, inverted: isInverted) { bytes, piece, match in
      pattern.forEachMatch(bytes, Int(piece.start), Int(piece.end), match)
    }
  }
}
