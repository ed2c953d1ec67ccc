// A JSON value together with its path in the document, for error messages.
// Read first: JSONDocument.swift. Read next: TokenizerFile.swift.

import ApusBase

/// A value and the way to it, for messages: `model.vocab`.
package struct JSONField: Sendable {
  package let tree: JSONDocument
  package let place: String
  package let path: String

  package init(tree: JSONDocument, place: String, path: String) {
    (self.tree, self.place, self.path) = (tree, place, path)
  }

  package func error(_ expected: String, _ found: String? = nil) -> FileFormatError {
    FileFormatError(
      path: path, place: .key(place.isEmpty ? "the document" : place), expected: expected, found: found ?? tree.summary)
  }

  var isNull: Bool { tree.isNull }

  /// A member of an object, the last one of duplicates; nil if it is missing or null.
  package subscript(key: String) -> JSONField? {
    guard case .object(let members) = tree,
      let member = members.last(where: { $0.key.utf8.elementsEqual(key.utf8) })
    else { return nil }
    if member.value.isNull { return nil }
    return JSONField(tree: member.value, place: place.isEmpty ? key : "\(place).\(key)", path: path)
  }

  /// A required member.
  package func require(_ key: String, _ expected: String) throws(FileFormatError) -> JSONField {
    if let value = self[key] { return value }
    throw FileFormatError(
      path: path, place: .key(place.isEmpty ? key : "\(place).\(key)"), expected: expected, found: "nothing")
  }

  package func string() throws(FileFormatError) -> String {
    guard case .string(let text) = tree else { throw error("a string") }
    return text
  }

  func bool() throws(FileFormatError) -> Bool {
    guard case .bool(let value) = tree else { throw error("true or false") }
    return value
  }

  /// A whole number in a range.
  package func int(_ range: ClosedRange<Int>) throws(FileFormatError) -> Int {
    guard case .number(let digits) = tree, let value = Int(digits), range.contains(value) else {
      throw error("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  package func double() throws(FileFormatError) -> Double {
    guard case .number(let digits) = tree, let value = Double(digits), value.isFinite else { throw error("a number") }
    return value
  }

  package func array() throws(FileFormatError) -> [JSONField] {
    guard case .array(let elements) = tree else { throw error("an array") }
    return elements.enumerated().map { JSONField(tree: $1, place: "\(place)[\($0)]", path: path) }
  }

  package func members() throws(FileFormatError) -> [(key: String, value: JSONDocument)] {
    guard case .object(let members) = tree else { throw error("an object") }
    return members
  }

  /// A string of exactly one scalar.
  package func scalar() throws(FileFormatError) -> UInt32 {
    let text = try string()
    guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first else {
      throw error("one character")
    }
    return scalar.value
  }

  /// The member's value, or what stands for a missing one.
  package func bool(_ key: String, default value: Bool) throws(FileFormatError) -> Bool {
    try self[key]?.bool() ?? value
  }

  package func string(_ key: String, default value: String) throws(FileFormatError) -> String {
    try self[key]?.string() ?? value
  }
}
