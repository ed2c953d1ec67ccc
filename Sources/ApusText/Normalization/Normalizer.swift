// Normalizers, which rewrite a text before it is cut into words. Read first: ../Unicode/AlignedText.swift.
// Read next: BertNormalizer.swift, NormalizationForm.swift, Precompiled.swift.

/// A normalization step, such as lowercasing, a Unicode normalization form, or a change of white space.
protocol Normalizer: Sendable {
  func normalize(_ text: inout AlignedText)
}

extension Normalizer {
  /// The normalized form of a string in UTF-8, without origins.
  func normalize(_ text: String) -> [UInt8] {
    var aligned = AlignedText(text.utf8, base: 0)
    normalize(&aligned)
    return aligned.bytes
  }
}

/// Applies several normalizers in order.
struct NormalizerSequence: Normalizer {
  let normalizers: [any Normalizer]

  func normalize(_ text: inout AlignedText) {
    for normalizer in normalizers { normalizer.normalize(&text) }
  }
}

extension AlignedText {
  /// Replaces each scalar by `map` of it, or removes it if that is nil; the origins stay.
  mutating func mapScalars(_ map: (UInt32) -> UInt32?) {
    var editor = TextEditor(self)
    bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      var i = 0
      while i < buffer.count {
        let (value, length) = decodeScalar(start, at: i)
        if let other = map(value) { editor.put(other) } else { editor.skip(1) }
        i += length
      }
    }
    self = editor.result
  }

  /// Inserts a prefix, which gets the origin of the first scalar. An empty text stays empty.
  mutating func prepend(_ prefix: [UInt8]) {
    guard !bytes.isEmpty else { return }
    let first = origin(at: 0)
    keepOrigins()
    origins?.insert(contentsOf: repeatElement(first, count: prefix.count), at: 0)
    bytes.insert(contentsOf: prefix, at: 0)
  }
}

/// Converts every scalar to lowercase, independent of context.
struct Lowercase: Normalizer {
  func normalize(_ text: inout AlignedText) {
    if text.isASCII {
      for i in text.bytes.indices where text.bytes[i] &- 0x41 < 26 { text.bytes[i] |= 0x20 }
      return
    }
    var editor = TextEditor(text)
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      var i = 0
      while i < buffer.count {
        let (value, length) = decodeScalar(start, at: i)
        Lowercase.map(value) { lower, isFirst in editor.put(lower, change: isFirst ? 0 : 1) }
        i += length
      }
    }
    text = editor.result
  }

  @inline(__always)
  static func map(_ value: UInt32, _ body: (UInt32, Bool) -> Void) {
    if value < 0x80 { return body(value &- 0x41 < 26 ? value | 0x20 : value, true) }
    guard let scalar = Unicode.Scalar(value), scalar.properties.changesWhenLowercased else { return body(value, true) }
    var isFirst = true
    for lower in scalar.properties.lowercaseMapping.unicodeScalars {
      body(lower.value, isFirst)
      isFirst = false
    }
  }
}

/// Removes combining marks.
struct StripAccents: Normalizer {
  func normalize(_ text: inout AlignedText) {
    if text.isASCII { return }
    let table = ScalarTable.shared
    text.mapScalars { table[$0].contains(.mark) ? nil : $0 }
  }
}

/// Removes white space at the ends.
struct Strip: Normalizer {
  let left: Bool
  let right: Bool

  func normalize(_ text: inout AlignedText) {
    let table = ScalarTable.shared
    let (start, end) = text.bytes.withUnsafeBufferPointer { buffer in
      guard let bytes = buffer.baseAddress else { return (0, 0) }
      var (start, end) = (0, buffer.count)
      while left, start < end {
        let (value, length) = decodeScalar(bytes, at: start)
        guard table[value].contains(.space) else { break }
        start += length
      }
      while right, end > start {
        let (value, place) = decodeScalar(bytes, before: end)
        guard table[value].contains(.space) else { break }
        end = place
      }
      return (start, end)
    }
    if end - start < text.bytes.count { text = text.part(start, end) }
  }
}

/// Inserts a prefix before the text.
struct Prepend: Normalizer {
  let prefix: [UInt8]

  func normalize(_ text: inout AlignedText) { text.prepend(prefix) }
}

/// The rules of Google's translation models: control characters are removed, and special spaces become plain spaces.
struct Nmt: Normalizer {
  func normalize(_ text: inout AlignedText) {
    text.mapScalars { value in
      switch value {
      case 0x0001...0x0008, 0x000B, 0x000E...0x001F, 0x007F, 0x008F, 0x009F: nil
      case 0x0009, 0x000A, 0x000C, 0x000D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: 0x20
      default: value
      }
    }
  }
}

/// Replaces every byte by a printable character; see `ByteAlphabet`.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: inout AlignedText) { text.spellBytes() }
}
