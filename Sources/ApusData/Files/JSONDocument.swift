// A whole JSON document as a value, for files that are small: configurations.
// Read first: JSONReader.swift. Read next: ../Models/ConfigurationReader.swift.

package import Foundation

/// A JSON value. Numbers stay as they were written; of a key that comes twice the last value counts, as in Python.
package indirect enum JSONDocument: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONDocument])
  case object([String: JSONDocument])

  /// The document in a file.
  ///
  /// - Throws: the file cannot be read, is not UTF-8, or is not JSON (with the byte where it stops being it).
  package init(contentsOf url: URL) throws(FileFormatError) {
    let text = try TextFile.read(url)
    do throws(JSONReader.SyntaxError) {
      try self.init(parsing: Array(text.utf8))
    } catch {
      throw FileFormatError(
        path: url.readablePath, place: .byte(error.offset), expected: error.expected, found: error.found)
    }
  }

  /// - Precondition: the bytes are valid UTF-8.
  init(parsing bytes: [UInt8]) throws(JSONReader.SyntaxError) {
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
      var members: [String: JSONDocument] = [:]
      try reader.beginObject()
      while let key = try reader.nextKey() { members[key] = try read(from: &reader, depth: depth + 1) }
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

  /// What a message says was found.
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
