// A model whose ids are mapped to those of another vocabulary. Read first: TokenModel.swift, ScoredPairModel.swift.
// Read next: ../Loading/PieceTokenizer.swift, ../Loading/MarianTokenizer.swift.

/// Cuts text with an inner model, and gives the tokens the ids of a published vocabulary.
///
/// SentencePiece's ids are the positions of the pieces in its file, but many published models use other ids. Text that
/// is unknown to the inner model is looked up in the vocabulary, which may have more entries than the model has pieces.
struct RenumberedModel: TokenModel {
  let vocabulary: Vocabulary
  private let model: any TokenModel
  /// The published id of every piece of the inner model.
  private let numbers: [Int32]
  private let innerUnknown: Int32
  private let unknown: Int32
  /// Whether a text may begin with a language code such as `>>fra<<`, which is always a single token.
  private let hasLanguageCodes: Bool

  var literalUnknown: Int32? { unknown }

  init(
    _ model: any TokenModel, unknown innerUnknown: Int32, numbers: [Int32], vocabulary: Vocabulary, unknown: Int32,
    hasLanguageCodes: Bool = false
  ) {
    (self.model, self.innerUnknown, self.numbers) = (model, innerUnknown, numbers)
    (self.vocabulary, self.unknown, self.hasLanguageCodes) = (vocabulary, unknown, hasLanguageCodes)
  }

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList
  ) {
    var (start, end) = (Int(piece.start), Int(piece.end))
    if hasLanguageCodes, let length = LanguageCode.length(UnsafeBufferPointer(start: text + start, count: end - start))
    {
      tokens.append(number(text, start, start + length), start, start + length)
      start += length
    }
    guard start < end else { return }
    let first = tokens.ids.count
    model.tokenize(text, Piece(start, end), scratch: scratch, into: &tokens)
    for i in first..<tokens.ids.count {
      let id = tokens.ids[i]
      if id == innerUnknown {
        (start, end) = (Int(tokens.pieces[i].start), Int(tokens.pieces[i].end))
        tokens.ids[i] = number(text, start, end)
      } else {
        tokens.ids[i] = numbers[Int(id)]
      }
    }
  }

  private func number(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int32 {
    let id = vocabulary.table.find(text + start, count: end - start)
    return id < 0 ? unknown : id
  }
}

/// The language code `>>fra<<` at the start of a text, which tells a multilingual model its target language.
enum LanguageCode {
  /// The length of the language code at the start of a text, or nil if there is none.
  static func length(_ text: some RandomAccessCollection<UInt8>) -> Int? {
    let (opening, closing) = (UInt8(ascii: ">"), UInt8(ascii: "<"))
    guard text.starts(with: [opening, opening]) else { return nil }
    var previous: UInt8 = 0
    for (i, byte) in text.enumerated() {
      if byte == closing, previous == closing { return i + 1 }
      previous = byte
    }
    return nil
  }
}
