// The normalizer of BERT: white space, ideographs, accents, lowercasing. Read first: Normalizer.swift.

/// The four steps of BERT's basic tokenizer, each of which is optional.
///
/// Paper: arXiv:1810.04805. The steps follow the published code.
struct BertNormalizer: Normalizer {
  /// Whether control characters are removed and white space becomes spaces.
  let cleansText: Bool
  /// Whether every CJK ideograph is surrounded by spaces.
  let separatesIdeographs: Bool
  /// Whether the text is decomposed and accents are removed.
  let stripsAccents: Bool
  let lowercases: Bool

  func normalize(_ text: inout AlignedText) {
    if let plain = plainASCII(text.bytes) {
      text.bytes = plain
      return
    }
    // Runs of ASCII and other runs are handled separately, because no step depends on text beyond the end of a run.
    var result = AlignedText(bytes: [], origins: [], base: text.base)
    result.bytes.reserveCapacity(text.bytes.count)
    result.origins?.reserveCapacity(text.bytes.count)
    let count = text.bytes.count
    var i = 0
    while i < count {
      if text.bytes[i] < 0x80 {
        if let byte = map(text.bytes[i]) {
          result.bytes.append(byte)
          result.origins?.append(text.origin(at: i))
        }
        i += 1
        continue
      }
      let start = i
      while i < count, text.bytes[i] >= 0x80 { i += 1 }
      var run = text.part(start, i)
      normalizeRun(&run)
      result.append(run)
    }
    text = result
  }

  /// The normalized bytes if all are ASCII and none is removed; otherwise nil.
  private func plainASCII(_ bytes: [UInt8]) -> [UInt8]? {
    var isPlain = true
    let result = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
      for (i, byte) in bytes.enumerated() {
        guard byte < 0x80, let mapped = map(byte) else {
          isPlain = false
          return
        }
        target[i] = mapped
        count = i + 1
      }
    }
    return isPlain ? result : nil
  }

  /// The normalized ASCII character, or nil if it is removed.
  @inline(__always)
  private func map(_ byte: UInt8) -> UInt8? {
    if byte >= 0x20 && byte < 0x7F { return lowercases && byte &- 0x41 < 26 ? byte | 0x20 : byte }
    if !cleansText { return byte }
    switch byte {
    case 0x09, 0x0A, 0x0D: return 0x20
    default: return nil
    }
  }

  private func normalizeRun(_ text: inout AlignedText) {
    let table = ScalarTable.shared
    if cleansText {
      text.mapScalars { value in
        let properties = table[value]
        if value == 0xFFFD || properties.contains(.control) { return nil }
        return properties.contains(.space) ? 0x20 : value
      }
    }
    if separatesIdeographs {
      var editor = TextEditor(text)
      for value in scalars(text.bytes) {
        if table[value].contains(.ideograph) {
          editor.put(0x20)
          editor.put(value, change: 1)
          editor.put(0x20, change: 1)
        } else {
          editor.put(value)
        }
      }
      text = editor.result
    }
    if stripsAccents {
      NormalizationForm.nfd.normalize(&text)
      text.mapScalars { table[$0].contains(.accent) ? nil : $0 }
    }
    if lowercases { Lowercase().normalize(&text) }
  }
}
