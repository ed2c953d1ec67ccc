// The pieces of one model under the numbers of another vocabulary. Read first: TokenModel.swift, ScoredPairModel.swift.
// Read next: ../Loading/PieceTokenizer.swift, ../Loading/MarianTokenizer.swift.

/// Cuts as another model does, and numbers what it finds as a published vocabulary does.
///
/// SentencePiece's numbers are the places of pieces in its file; many published models count otherwise. What the inner model
/// does not know is looked up as it is spelled, since a vocabulary may have more than the model's pieces.
struct RenumberedModel: TokenModel {
  let vocabulary: Vocabulary
  private let model: any TokenModel
  /// The number of every piece of the inner model.
  private let numbers: [Int32]
  private let innerUnknown: Int32
  private let unknown: Int32
  /// A text may begin with `>>fra<<`, which is one token whatever the pieces are.
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

/// `>>fra<<` at the beginning of a text: what language a model of many is to write.
enum LanguageCode {
  /// The length of the code that a text begins with, nil if it begins with none.
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
