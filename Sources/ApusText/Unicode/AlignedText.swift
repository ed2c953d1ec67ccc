// A text in UTF-8 that records the origin of every byte in the original text.
// Read first: UTF8Decoding.swift. Read next: ../Normalization/Normalizer.swift.

/// A range of bytes in the original text.
struct Origin: Equatable, Sendable {
  var start: Int32
  var end: Int32
}

/// UTF-8 text in which every byte has an origin: the range of the original scalar that it comes from.
///
/// Tokens are found in the normalized text, but their offsets refer to the original text.
struct AlignedText: Sendable {
  var bytes: [UInt8]
  /// One origin per byte; nil while the bytes are those of the original text from `base` on.
  var origins: [Origin]?
  /// The position in the original text at which this text begins.
  let base: Int

  /// An unchanged part of the original text.
  init(_ bytes: some Sequence<UInt8>, base: Int) {
    self.bytes = Array(bytes)
    self.base = base
  }

  init(bytes: [UInt8], origins: [Origin]?, base: Int) {
    (self.bytes, self.origins, self.base) = (bytes, origins, base)
  }

  var isASCII: Bool { bytes.withUnsafeBufferPointer { ApusText.isASCII($0) } }

  /// The origin of the scalar that begins at byte `i`; at the end of the text, an empty range after the last origin.
  func origin(at i: Int) -> Origin {
    if let origins {
      if i < origins.count { return origins[i] }
      let end = origins.last?.end ?? Int32(base)
      return Origin(start: end, end: end)
    }
    if i >= bytes.count { return Origin(start: Int32(base + bytes.count), end: Int32(base + bytes.count)) }
    var end = i + 1
    while end < bytes.count, isContinuation(bytes[end]) { end += 1 }
    return Origin(start: Int32(base + i), end: Int32(base + end))
  }

  /// The origin of the scalar before byte `i`; an empty range at the beginning of the text.
  func origin(before i: Int) -> Origin {
    guard i > 0, !bytes.isEmpty else { return Origin(start: Int32(base), end: Int32(base)) }
    let i = min(i, bytes.count)
    if let origins { return origins[i - 1] }
    var start = i - 1
    while start > 0, isContinuation(bytes[start]) { start -= 1 }
    return Origin(start: Int32(base + start), end: Int32(base + i))
  }

  /// The part from `start` up to `end`.
  func part(_ start: Int, _ end: Int) -> AlignedText {
    let beginning = Int(origin(at: start).start)
    return AlignedText(
      bytes: Array(bytes[start..<end]), origins: origins.map { Array($0[start..<end]) }, base: beginning)
  }

  /// Appends a text that comes from the same original.
  mutating func append(_ other: AlignedText) {
    keepOrigins()
    for i in 0..<(other.origins == nil ? other.bytes.count : 0) where !isContinuation(other.bytes[i]) {
      let origin = other.origin(at: i)
      for _ in Int(origin.start)..<Int(origin.end) { origins?.append(origin) }
    }
    if let more = other.origins { origins?.append(contentsOf: more) }
    bytes.append(contentsOf: other.bytes)
  }

  /// Stores the origins explicitly, before bytes are changed.
  mutating func keepOrigins() {
    guard origins == nil else { return }
    var result: [Origin] = []
    result.reserveCapacity(bytes.count + bytes.count / 8)
    var i = 0
    while i < bytes.count {
      let origin = origin(at: i)
      for _ in origin.start..<origin.end { result.append(origin) }
      i += Int(origin.end - origin.start)
    }
    origins = result
  }
}

/// Rewrites an aligned text from beginning to end, one scalar at a time.
///
/// A scalar that replaces a source scalar takes over its origin. An inserted scalar belongs to the scalar before it.
struct TextEditor {
  private let source: AlignedText
  private var bytes: [UInt8] = []
  private var origins: [Origin] = []
  /// The position up to which the source has been read.
  private(set) var position = 0

  init(_ source: AlignedText) {
    self.source = source
    bytes.reserveCapacity(source.bytes.count + source.bytes.count / 4)
    origins.reserveCapacity(source.bytes.count + source.bytes.count / 4)
  }

  var result: AlignedText { AlignedText(bytes: bytes, origins: origins, base: source.base) }

  /// Writes a scalar. With `change` 0 it replaces the next source scalar, with −n the next n + 1 scalars; with 1 it is
  /// inserted.
  mutating func put(_ value: UInt32, change: Int = 0) {
    let origin: Origin
    if change > 0 {
      origin = source.origin(before: position)
    } else {
      origin = source.origin(at: position)
      skip(1 - change)
    }
    put(value, origin)
  }

  /// Writes a scalar with a given origin.
  mutating func put(_ value: UInt32, _ origin: Origin) {
    for _ in 0..<utf8Length(value) { origins.append(origin) }
    appendScalar(value, to: &bytes)
  }

  /// Skips source scalars without writing anything.
  mutating func skip(_ count: Int) {
    for _ in 0..<count where position < source.bytes.count {
      position += 1
      while position < source.bytes.count, isContinuation(source.bytes[position]) { position += 1 }
    }
  }

  /// Skips everything up to byte `end`.
  mutating func skip(upTo end: Int) { position = max(position, end) }

  /// Copies everything up to byte `end` unchanged.
  mutating func copy(upTo end: Int) {
    guard end > position else { return }
    bytes.append(contentsOf: source.bytes[position..<end])
    if let known = source.origins {
      origins.append(contentsOf: known[position..<end])
      position = end
    } else {
      while position < end {
        let origin = source.origin(at: position)
        for _ in origin.start..<origin.end { origins.append(origin) }
        position += Int(origin.end - origin.start)
      }
    }
  }
}
