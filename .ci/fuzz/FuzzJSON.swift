// Fuzzes the JSON reader, and compares its results with Foundation's.
// Read first: Fuzz.swift; Sources/ApusFiles/JSON/JSONReader.swift, the code under test.

import Foundation

@testable import ApusFiles

/// Traverses a document in three ways, and compares the values with Foundation's.
func fuzzJSON(_ input: [UInt8]) {
  // The reader requires valid UTF-8, which its callers check with the same function.
  let firstInvalid = input.withUnsafeBytes { firstInvalidUTF8(in: $0) }
  let text = String(validating: input, as: UTF8.self)
  expect((firstInvalid == nil) == (text != nil), "UTF-8 validation differs from the standard library")
  if let firstInvalid { expect(firstInvalid < input.count, "an offset beyond the end") }
  guard text != nil else { return }

  var skipper = JSONReader(input)
  var isSkipped = false
  do throws(JSONReader.SyntaxError) {
    try skipper.skipValue()
    try skipper.end()
    isSkipped = true
  } catch {
    expect(error.offset >= 0 && error.offset <= input.count, "an error's offset is outside the document")
  }
  var walker = JSONReader(input)
  let value = try? walk(&walker, depth: 0)
  let isWalked = value != nil && (try? walker.end()) != nil
  expect(isSkipped == isWalked, "skipping and traversing a document disagree")
  if let value, isWalked { compare(value, input) }
  let tree = try? JSONDocument(parsing: input)
  expect(!isWalked || tree != nil, "a document that can be traversed cannot be parsed")
}

/// A value as the reader returns it.
private indirect enum Value {
  case object([(String, Value)])
  case array([Value])
  case string(String)
  case number(String)
  case literal
}

private struct TooDeep: Error {}

private func walk(_ reader: inout JSONReader, depth: Int) throws -> Value {
  switch try reader.kind() {
  case .object:
    if depth == JSONReader.maximumDepth { throw TooDeep() }
    var members: [(String, Value)] = []
    try reader.beginObject()
    while let key = try reader.nextKey() { members.append((key, try walk(&reader, depth: depth + 1))) }
    return .object(members)
  case .array:
    if depth == JSONReader.maximumDepth { throw TooDeep() }
    var elements: [Value] = []
    try reader.beginArray()
    while try reader.nextElement() { elements.append(try walk(&reader, depth: depth + 1)) }
    return .array(elements)
  case .string: return .string(try reader.string())
  case .number: return .number(try reader.number())
  case .literal:
    try reader.skipValue()
    return .literal
  }
}

/// Compares a document with Foundation's, if Foundation can parse it. It refuses huge numbers and some duplicate keys.
private func compare(_ value: Value, _ input: [UInt8]) {
  // Only a fraction of the inputs is compared, because Foundation is slow.
  guard input.count % 31 == 0,
    let other = try? JSONSerialization.jsonObject(with: Data(input), options: .fragmentsAllowed)
  else { return }
  expectSame(value, other)
}

private func expectSame(_ value: Value, _ other: Any) {
  switch value {
  case .object(let members):
    guard let dictionary = other as? [String: Any] else { fatalError("not an object") }
    // For duplicate keys, either value is accepted.
    let names = Dictionary(grouping: members) { $0.0 }
    expect(Set(dictionary.keys) == Set(names.keys), "keys differ: \(dictionary.keys.sorted()), \(names.keys.sorted())")
    for (name, all) in names where all.count == 1 {
      if let member = dictionary[name] { expectSame(all[0].1, member) }
    }
  case .array(let elements):
    guard let array = other as? [Any] else { fatalError("not an array") }
    expect(array.count == elements.count, "the array lengths differ")
    for (element, other) in zip(elements, array) { expectSame(element, other) }
  case .string(let text): expect(other as? String == text, "the strings differ")
  case .number(let digits):
    guard let number = other as? NSNumber else { fatalError("not a number") }
    // Foundation parses to decimals with 38 digits first, and so rounds twice.
    guard let exact = Double(digits), abs(exact) < 1e30, abs(exact) > 1e-30 else { return }
    expect(abs(number.doubleValue - exact) <= 1e-14 * abs(exact), "the numbers differ: \(digits)")
  case .literal: expect(other is NSNull || other is Bool, "not true, false or null")
  }
}
