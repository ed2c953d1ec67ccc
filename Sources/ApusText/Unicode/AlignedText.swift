// A text on its way from what the user wrote to what a model reads, that remembers where every byte came from.
// Read first: UTF8Decoding.swift. Read next: ../Normalization/Normalizer.swift.

/// A range of bytes in the original text.
struct Origin: Equatable, Sendable {
  var start: Int32
  var end: Int32
}

/// UTF-8 with an origin for every byte: the original scalar that it stands for.
///
/// Tokens are found in the normalized text, but their offsets are told in the original one.
struct AlignedText: Sendable {
  var bytes: [UInt8]
  /// One for each byte; nil while the bytes are the original's own, from `base` on.
  var origins: [Origin]?
  /// Where in the original this text begins.
  let base: Int

  /// A part of the original as it is.
  init(_ bytes: some Sequence<UInt8>, base: Int) {
    self.bytes = Array(bytes)
    self.base = base
  }

  init(bytes: [UInt8], origins: [Origin]?, base: Int) {
    (self.bytes, self.origins, self.base) = (bytes, origins, base)
  }

  var isASCII: Bool { bytes.withUnsafeBufferPointer { ApusText.isASCII($0) } }

  /// The origin of the scalar that begins at byte `i`; the end of the text's origin if there is none.
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

  /// The origin of the scalar before byte `i`; an empty one at the beginning of the text.
  func origin(before i: Int) -> Origin {
    guard i > 0, !bytes.isEmpty else { return Origin(start: Int32(base), end: Int32(base)) }
    let i = min(i, bytes.count)
    if let origins { return origins[i - 1] }
    var start = i - 1
    while start > 0, isContinuation(bytes[start]) { start -= 1 }
    return Origin(start: Int32(base + start), end: Int32(base + i))
  }

  /// The part from `start` up to `end`, with its own beginning.
  func part(_ start: Int, _ end: Int) -> AlignedText {
    let beginning = Int(origin(at: start).start)
    return AlignedText(
      bytes: Array(bytes[start..<end]), origins: origins.map { Array($0[start..<end]) }, base: beginning)
  }

  /// Appends a text whose origins are in the same original.
  mutating func append(_ other: AlignedText) {
    keepOrigins()
    for i in 0..<(other.origins == nil ? other.bytes.count : 0) where !isContinuation(other.bytes[i]) {
      let origin = other.origin(at: i)
      for _ in Int(origin.start)..<Int(origin.end) { origins?.append(origin) }
    }
    if let more = other.origins { origins?.append(contentsOf: more) }
    bytes.append(contentsOf: other.bytes)
  }

  /// Writes the origins down, before bytes change.
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

/// Rewrites an aligned text from its beginning to its end, one scalar at a time.
///
/// What is written replaces what was read, and takes over its origin; what is written in addition belongs to the scalar
/// before it.
struct TextEditor {
  private let source: AlignedText
  private var bytes: [UInt8] = []
  private var origins: [Origin] = []
  /// How far the source has been read.
  private(set) var position = 0

  init(_ source: AlignedText) {
    self.source = source
    bytes.reserveCapacity(source.bytes.count + source.bytes.count / 4)
    origins.reserveCapacity(source.bytes.count + source.bytes.count / 4)
  }

  var result: AlignedText { AlignedText(bytes: bytes, origins: origins, base: source.base) }

  /// Writes a scalar: with `change` 0 in place of the next one, with −n of the next n + 1, with 1 in addition.
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

  /// Writes a scalar that belongs to `origin`.
  mutating func put(_ value: UInt32, _ origin: Origin) {
    for _ in 0..<utf8Length(value) { origins.append(origin) }
    appendScalar(value, to: &bytes)
  }

  /// Passes over the next scalars without writing anything.
  mutating func skip(_ count: Int) {
    for _ in 0..<count where position < source.bytes.count {
      position += 1
      while position < source.bytes.count, isContinuation(source.bytes[position]) { position += 1 }
    }
  }

  /// Passes over everything up to byte `end`.
  mutating func skip(upTo end: Int) { position = max(position, end) }

  /// Leaves everything up to byte `end` as it is.
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
