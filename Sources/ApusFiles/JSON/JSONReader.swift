// A strict pull parser for JSON, which walks through a document without building it in memory.
// Read first: ../Files/UTF8Validation.swift. Read next: SafetensorsHeader.swift, which checks a document's contents.

/// A cursor in a JSON document (RFC 8259).
///
/// The caller asks for the values that it expects and skips the rest, so that memory use depends on what is wanted, not
/// on what a hostile document contains. All keys are reported in order, including the duplicates that
/// `JSONSerialization` hides.
///
/// ```swift
/// try reader.beginObject()
/// while let key = try reader.nextKey() { … try reader.string() … }
/// ```
package struct JSONReader {
  /// The reason why a document is not JSON.
  package struct SyntaxError: Error {
    package let offset: Int
    package let expected: String
    package let found: String
  }

  /// The kind of a value, which its first byte determines.
  package enum Kind: String {
    case object = "an object"
    case array = "an array"
    case string = "a string"
    case number = "a number"
    case literal = "true, false or null"
  }

  /// Documents with deeper nesting are rejected.
  static let maximumDepth = 64

  private let bytes: [UInt8]
  private(set) var position = 0
  /// Whether the innermost open container has had no member yet; then no comma is expected.
  private var isFirst = false

  /// A reader at the start of a document.
  ///
  /// - Precondition: the bytes are valid UTF-8.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  // MARK: Containers

  /// The kind of the next value.
  package mutating func kind() throws(SyntaxError) -> Kind {
    switch peek() ?? 0 {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .literal
    default: throw unexpected("a value")
    }
  }

  package mutating func beginObject() throws(SyntaxError) {
    try take("{")
    isFirst = true
  }

  package mutating func beginArray() throws(SyntaxError) {
    try take("[")
    isFirst = true
  }

  /// The key of the object's next member, or nil at the end of the object. The member's value must be read before the
  /// next call.
  package mutating func nextKey() throws(SyntaxError) -> String? {
    guard try advance(closer: "}") else { return nil }
    guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotation marks") }
    let key = try string()
    try take(":")
    return key
  }

  /// Whether the array has another element. That element must be read before the next call.
  package mutating func nextElement() throws(SyntaxError) -> Bool { try advance(closer: "]") }

  private mutating func advance(closer: Unicode.Scalar) throws(SyntaxError) -> Bool {
    let next = peek()
    if next == UInt8(ascii: closer) {
      position += 1
      isFirst = false
      return false
    }
    if !isFirst {
      guard next == UInt8(ascii: ",") else { throw unexpected("\",\" or \"\(closer)\"") }
      position += 1
    }
    isFirst = false
    return true
  }

  /// Skips the next value, whatever it is. There is no recursion, so a deeply nested document cannot overflow the
  /// stack.
  package mutating func skipValue() throws(SyntaxError) {
    var open: [Kind] = []
    repeat {
      let kind = try kind()
      switch kind {
      case .object: try beginObject()
      case .array: try beginArray()
      case .string: _ = try string()
      case .number: _ = try number()
      case .literal: _ = try literal()
      }
      if kind == .object || kind == .array { open.append(kind) }
      if open.count > JSONReader.maximumDepth {
        throw SyntaxError(
          offset: position - 1, expected: "at most \(JSONReader.maximumDepth) nested values", found: "more")
      }
      while let innermost = open.last {
        if innermost == .object, try nextKey() != nil { break }
        if innermost == .array, try nextElement() { break }
        open.removeLast()
      }
    } while !open.isEmpty
  }

  /// Makes sure that only white space is left.
  package mutating func end() throws(SyntaxError) {
    if peek() != nil { throw unexpected("the end of the JSON text") }
  }

  // MARK: Values

  package mutating func string() throws(SyntaxError) -> String {
    try take("\"")
    var text: [UInt8] = []
    var start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        text += bytes[start..<position]
        position += 1
        return String(decoding: text, as: UTF8.self)
      }
      if byte < 0x20 { throw unexpected("an escaped control character") }
      if byte == UInt8(ascii: "\\") {
        text += bytes[start..<position]
        text += try escape().utf8
        start = position
      } else {
        position += 1
      }
    }
    throw unexpected("the end of the string")
  }

  private mutating func escape() throws(SyntaxError) -> String {
    let start = position
    position += 1
    let scalar: Unicode.Scalar
    switch position < bytes.count ? bytes[position] : nil {
    case UInt8(ascii: "\""): scalar = "\""
    case UInt8(ascii: "\\"): scalar = "\\"
    case UInt8(ascii: "/"): scalar = "/"
    case UInt8(ascii: "b"): scalar = "\u{8}"
    case UInt8(ascii: "f"): scalar = "\u{C}"
    case UInt8(ascii: "n"): scalar = "\n"
    case UInt8(ascii: "r"): scalar = "\r"
    case UInt8(ascii: "t"): scalar = "\t"
    case UInt8(ascii: "u"):
      position += 1
      return try unicodeEscape(from: start)
    default: throw SyntaxError(offset: start, expected: "a JSON escape sequence", found: "an unknown one")
    }
    position += 1
    return String(scalar)
  }

  /// One `\uXXXX`, or the two that encode a character beyond U+FFFF.
  private mutating func unicodeEscape(from start: Int) throws(SyntaxError) -> String {
    let first = try hexadecimal(from: start)
    if let scalar = Unicode.Scalar(first) { return String(scalar) }
    if UTF16.isLeadSurrogate(first), bytes[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
      position += 2
      let second = try hexadecimal(from: start)
      if UTF16.isTrailSurrogate(second) { return String(decoding: [first, second], as: UTF16.self) }
    }
    throw SyntaxError(offset: start, expected: "a surrogate pair", found: "half of one")
  }

  private mutating func hexadecimal(from start: Int) throws(SyntaxError) -> UInt16 {
    let digits = bytes[position...].prefix(4).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == 4 else {
      throw SyntaxError(offset: start, expected: "four hexadecimal digits", found: "fewer")
    }
    position += 4
    return digits.reduce(0) { $0 << 4 | UInt16($1) }
  }

  /// The digits of a number as they are written in the document.
  package mutating func number() throws(SyntaxError) -> String {
    _ = peek()
    let start = position
    take(ifNext: "-")
    if !take(ifNext: "0") { try digits() }
    if take(ifNext: ".") { try digits() }
    if take(ifNext: "e") || take(ifNext: "E") {
      if !take(ifNext: "+") { take(ifNext: "-") }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func digits() throws(SyntaxError) {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    if position == start { throw unexpected("a digit") }
  }

  /// True, false, or nil for null.
  mutating func literal() throws(SyntaxError) -> Bool? {
    _ = peek()
    for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return word == "null" ? nil : word == "true"
    }
    throw unexpected("true, false or null")
  }

  // MARK: Bytes

  /// The next byte that is not white space, without consuming it; nil at the end.
  private mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return bytes[position]
      }
    }
    return nil
  }

  private mutating func take(_ character: Unicode.Scalar) throws(SyntaxError) {
    guard peek() == UInt8(ascii: character) else { throw unexpected("\"\(character)\"") }
    position += 1
  }

  @discardableResult
  private mutating func take(ifNext character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func unexpected(_ expected: String) -> SyntaxError {
    guard position < bytes.count else {
      return SyntaxError(offset: position, expected: expected, found: "the end of the JSON text")
    }
    // The whole character, not only its first byte; the text is valid UTF-8.
    let scalar = String(decoding: bytes[position...].prefix(4), as: UTF8.self).unicodeScalars.first
    return SyntaxError(offset: position, expected: expected, found: scalar.map { quoted(String($0)) } ?? "nothing")
  }
}
