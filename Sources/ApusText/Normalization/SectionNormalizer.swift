// What transformers does to the parts of a text between special tokens before SentencePiece sees them.
// Read first: SentencePieceNormalizer.swift. Read next: ../Loading/PieceTokenizer.swift.

/// One space before the whole text, and none before the other parts of it.
///
/// SentencePiece itself puts a space before everything it is given, so that a word right behind a special token looks as if
/// it stood alone. Tokenizers of T5 and Llama with `"legacy": false` avoid that.
struct SectionNormalizer: Normalizer {
  /// A space is put before the text.
  let addsSpace: Bool
  private let atSpace: SentencePieceNormalizer
  private let elsewhere: SentencePieceNormalizer

  init(addsSpace: Bool, _ make: (SentencePieceNormalizer.Options) -> SentencePieceNormalizer, _ spaces: Options) {
    self.addsSpace = addsSpace
    var options = spaces
    options.addsSpace = false
    elsewhere = make(options)
    options.keepsFirstSpaces = true
    atSpace = make(options)
  }

  typealias Options = SentencePieceNormalizer.Options

  private static let space: [UInt8] = [0xE2, 0x96, 0x81]

  func normalize(_ text: inout AlignedText) {
    text.mapScalars { $0 == 0x2581 ? 0x20 : $0 }
    if addsSpace, text.origin(at: 0).start == 0 { text.prepend(SectionNormalizer.space) }
    let beginsWithSpace = text.bytes.first == 0x20 || text.bytes.starts(with: SectionNormalizer.space)
    (beginsWithSpace ? atSpace : elsewhere).normalize(&text)
  }
}

/// A language code stays as it is; the rest of the text is normalized.
struct LanguageCodeNormalizer: Normalizer {
  let rest: any Normalizer

  func normalize(_ text: inout AlignedText) {
    guard let length = LanguageCode.length(text.bytes) else { return rest.normalize(&text) }
    var code = text.part(0, length)
    code.keepOrigins()
    var tail = text.part(length, text.bytes.count)
    rest.normalize(&tail)
    code.append(tail)
    text = code
  }
}
