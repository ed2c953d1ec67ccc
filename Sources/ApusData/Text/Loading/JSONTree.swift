// A JSON document as a tree with the place of every value, for files whose parts refer to each other.
// Read first: ../../Files/JSONReader.swift. Read next: TokenizerFile.swift.

/// A JSON value. Members stay in order and apart, unlike those of `JSONValue`: a vocabulary has "é" in two spellings, which
/// are one key to a dictionary of strings.
indirect enum JSONTree: Sendable {
  case object([(key: String, value: JSONTree)])
  case array([JSONTree])
  case string(String)
  case number(String)
  case bool(Bool)
  case null

  /// The document in these bytes.
  ///
  /// - Throws: the bytes are no UTF-8 or no JSON, and where they stop being it.
  static func parse(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileFormatError) -> JSONTree {
    if let offset = firstInvalidUTF8(in: bytes) {
      throw FileFormatError(path: path, place: .byte(offset), expected: "UTF-8 text", found: spelled(bytes[offset]))
    }
    var reader = JSONReader(Array(bytes))
    do throws(JSONReader.SyntaxError) {
      let tree = try parse(&reader, depth: 0)
      try reader.end()
      return tree
    } catch {
      throw FileFormatError(path: path, place: .byte(error.offset), expected: error.expected, found: error.found)
    }
  }

  private static func parse(_ reader: inout JSONReader, depth: Int) throws(JSONReader.SyntaxError) -> JSONTree {
    guard depth <= JSONReader.maximumDepth else {
      throw JSONReader.SyntaxError(
        offset: reader.position, expected: "at most \(JSONReader.maximumDepth) nested values", found: "more")
    }
    switch try reader.kind() {
    case .object:
      var members: [(key: String, value: JSONTree)] = []
      try reader.beginObject()
      while let key = try reader.nextKey() {
        members.append((key, try parse(&reader, depth: depth + 1)))
      }
      return .object(members)
    case .array:
      var elements: [JSONTree] = []
      try reader.beginArray()
      while try reader.nextElement() { elements.append(try parse(&reader, depth: depth + 1)) }
      return .array(elements)
    case .string: return .string(try reader.string())
    case .number: return .number(try reader.number())
    case .literal: return try reader.literal().map(JSONTree.bool) ?? .null
    }
  }

  /// What it is, in words.
  var kind: String {
    switch self {
    case .object: "an object"
    case .array(let elements): "an array of \(elements.count)"
    case .string(let text): quoted(text)
    case .number(let digits): digits
    case .bool(let value): "\(value)"
    case .null: "null"
    }
  }
}

/// A value and the way to it, for messages: `model.vocab`.
struct JSONField: Sendable {
  let tree: JSONTree
  let place: String
  let path: String

  func error(_ expected: String, _ found: String? = nil) -> FileFormatError {
    FileFormatError(
      path: path, place: .key(place.isEmpty ? "the document" : place), expected: expected, found: found ?? tree.kind)
  }

  var isNull: Bool { if case .null = tree { true } else { false } }

  /// A member of an object, nil if it is missing or null; the last one of several.
  subscript(key: String) -> JSONField? {
    guard case .object(let members) = tree,
      let member = members.last(where: { $0.key.utf8.elementsEqual(key.utf8) })
    else { return nil }
    if case .null = member.value { return nil }
    return JSONField(tree: member.value, place: place.isEmpty ? key : "\(place).\(key)", path: path)
  }

  /// A member that must be there.
  func require(_ key: String, _ expected: String) throws(FileFormatError) -> JSONField {
    if let value = self[key] { return value }
    throw FileFormatError(
      path: path, place: .key(place.isEmpty ? key : "\(place).\(key)"), expected: expected, found: "nothing")
  }

  func string() throws(FileFormatError) -> String {
    guard case .string(let text) = tree else { throw error("a string") }
    return text
  }

  func bool() throws(FileFormatError) -> Bool {
    guard case .bool(let value) = tree else { throw error("true or false") }
    return value
  }

  /// A whole number in a range.
  func int(_ range: ClosedRange<Int>) throws(FileFormatError) -> Int {
    guard case .number(let digits) = tree, let value = Int(digits), range.contains(value) else {
      throw error("a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func double() throws(FileFormatError) -> Double {
    guard case .number(let digits) = tree, let value = Double(digits), value.isFinite else { throw error("a number") }
    return value
  }

  func array() throws(FileFormatError) -> [JSONField] {
    guard case .array(let elements) = tree else { throw error("an array") }
    return elements.enumerated().map { JSONField(tree: $1, place: "\(place)[\($0)]", path: path) }
  }

  func members() throws(FileFormatError) -> [(key: String, value: JSONTree)] {
    guard case .object(let members) = tree else { throw error("an object") }
    return members
  }

  /// A scalar by itself.
  func scalar() throws(FileFormatError) -> UInt32 {
    let text = try string()
    guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first else {
      throw error("one character")
    }
    return scalar.value
  }

  /// The member's value, or what stands for a missing one.
  func bool(_ key: String, default value: Bool) throws(FileFormatError) -> Bool { try self[key]?.bool() ?? value }

  func string(_ key: String, default value: String) throws(FileFormatError) -> String {
    try self[key]?.string() ?? value
  }
}
