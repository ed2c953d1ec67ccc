// Normalizes the sections between special tokens as the transformers library does before it calls SentencePiece.
// Read first: SentencePieceNormalizer.swift. Read next: ../Loading/PieceTokenizer.swift.

/// Puts one space before the whole text, but none before its other sections.
///
/// SentencePiece itself puts a space before every input, so a word right after a special token would look as if a space
/// preceded it. The tokenizers of T5 and Llama with `"legacy": false` avoid this.
struct SectionNormalizer: Normalizer {
  /// Whether a space is put before the text.
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

/// Keeps a language code at the start of the text as it is, and normalizes the rest.
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
