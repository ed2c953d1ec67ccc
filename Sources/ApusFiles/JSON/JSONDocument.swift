// A whole JSON document as a value, for configurations and vocabularies. Read first: JSONReader.swift.
// Read next: ConfigurationReader.swift and JSONField.swift, which extract fields from it.

package import Foundation

/// A JSON value. Numbers are kept as they are written in the file.
package indirect enum JSONDocument: Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONDocument])
  /// The members in order, not as a dictionary: a vocabulary may contain "é" in two encodings, which a dictionary of
  /// strings would treat as one key.
  case object([(key: String, value: JSONDocument)])

  /// Reads the document in a file.
  ///
  /// - Throws: if the file cannot be read, is not UTF-8, or is not JSON; then with the offset of the first wrong byte.
  package init(contentsOf url: URL) throws(FileFormatError) {
    let text = try TextFile.read(url)
    try self.init(Array(text.utf8), path: url.readablePath)
  }

  /// Parses the document in these bytes of a file.
  ///
  /// - Throws: if the bytes are not UTF-8 or not JSON, with the offset of the first wrong byte.
  package init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileFormatError) {
    if let offset = firstInvalidUTF8(in: bytes) {
      throw FileFormatError(path: path, place: .byte(offset), expected: "UTF-8 text", found: spelled(bytes[offset]))
    }
    try self.init(Array(bytes), path: path)
  }

  private init(_ text: [UInt8], path: String) throws(FileFormatError) {
    do throws(JSONReader.SyntaxError) {
      try self.init(parsing: text)
    } catch {
      throw FileFormatError(path: path, place: .byte(error.offset), expected: error.expected, found: error.found)
    }
  }

  /// Parses a document.
  ///
  /// - Precondition: the bytes are valid UTF-8.
  package init(parsing bytes: [UInt8]) throws(JSONReader.SyntaxError) {
    var reader = JSONReader(bytes)
    self = try JSONDocument.read(from: &reader, depth: 0)
    try reader.end()
  }

  private static func read(from reader: inout JSONReader, depth: Int) throws(JSONReader.SyntaxError) -> JSONDocument {
    if depth > JSONReader.maximumDepth {
      throw JSONReader.SyntaxError(
        offset: reader.position, expected: "at most \(JSONReader.maximumDepth) nested values", found: "more")
    }
    switch try reader.kind() {
    case .object:
      var members: [(key: String, value: JSONDocument)] = []
      try reader.beginObject()
      while let key = try reader.nextKey() { members.append((key, try read(from: &reader, depth: depth + 1))) }
      return .object(members)
    case .array:
      var elements: [JSONDocument] = []
      try reader.beginArray()
      while try reader.nextElement() { elements.append(try read(from: &reader, depth: depth + 1)) }
      return .array(elements)
    case .string: return .string(try reader.string())
    case .number: return .number(try reader.number())
    case .literal: return try reader.literal().map(JSONDocument.bool) ?? .null
    }
  }

  /// An object with these members.
  package init(members: [String: JSONDocument]) { self = .object(members.map { (key: $0.key, value: $0.value) }) }

  package var isNull: Bool { self == .null }

  /// The members of an object by key; nil for any other value. If a key occurs twice, its last value counts, as in
  /// Python.
  package var members: [String: JSONDocument]? {
    guard case .object(let members) = self else { return nil }
    return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
  }

  /// A description of the value for error messages.
  package var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): value.description
    case .number(let digits): String(digits.prefix(40))
    case .string(let text): quoted(text)
    case .array(let elements): "an array of \(elements.count)"
    case .object: "an object"
    }
  }
}

extension JSONDocument: Equatable {
  package static func == (a: JSONDocument, b: JSONDocument) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let x), .bool(let y)): x == y
    case (.number(let x), .number(let y)), (.string(let x), .string(let y)): x == y
    case (.array(let x), .array(let y)): x == y
    case (.object(let x), .object(let y)): x.elementsEqual(y) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }
}
