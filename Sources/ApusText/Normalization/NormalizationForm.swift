// NFC, NFD, NFKC and NFKD of aligned text. Read first: ../Unicode/UnicodeNormalization.swift.

/// One of the four Unicode normalization forms.
enum NormalizationForm: String, Normalizer {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var isCompatible: Bool { self == .nfkc || self == .nfkd }
  private var composes: Bool { self == .nfc || self == .nfkc }

  func normalize(_ text: inout AlignedText) {
    // ASCII text is in every normalization form. An ASCII character composes only with characters that follow directly.
    if text.isASCII { return }
    let tables = UnicodeNormalization.shared
    var editor = TextEditor(text)
    let bytes = text.bytes
    var i = 0
    while i < bytes.count {
      if bytes[i] < 0x80 {
        i += 1
        continue
      }
      let start = composes && i > editor.position ? i - 1 : i
      while i < bytes.count, bytes[i] >= 0x80 { i += 1 }
      editor.copy(upTo: start)
      var items = tables.decompose(scalars(bytes[start..<i]), isCompatible: isCompatible)
      if composes { items = tables.compose(items) }
      for item in items { editor.put(item.value, change: item.change) }
      // Skips scalars at the end of the run that were composed into earlier ones.
      while editor.position < i { editor.skip(1) }
    }
    editor.copy(upTo: bytes.count)
    text = editor.result
  }
}
