// The JSON reader alone: accepted documents, rejected documents, and the position of the error.
// Read first: Sources/ApusFiles/JSON/JSONReader.swift.

import Foundation
import Testing

@testable import ApusFiles

@Suite struct JSONReaderTests {
  /// The position and reason of the rejection; empty if the document is valid.
  private func check(_ text: String) -> String {
    var reader = JSONReader(Array(text.utf8))
    do throws(JSONReader.SyntaxError) {
      try reader.skipValue()
      try reader.end()
      return ""
    } catch {
      return "\(error.offset): \(error.expected), \(error.found)"
    }
  }

  @Test(arguments: [
    "{}", "[]", "0", "-0", "10.5e-3", "1E+2", "\"\"", " \t\r\n[ ] ", "[1,[2,{}],{\"a\":[true,false,null]}]",
    "{\"a\":{\"b\":{}},\"c\":[[]]}", "\"\\u00e9\\ud83d\\udc26\\/\\b\"",
  ])
  func accepts(_ text: String) {
    #expect(check(text) == "")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) }
  }

  @Test(arguments: [
    ("", "0: a value, the end of the JSON text"), ("[1,]", "3: a value, \"]\""), ("[1 2]", "3: \",\" or \"]\", \"2\""),
    ("[", "1: a value, the end of the JSON text"), ("{\"a\":1,}", "7: a key in quotation marks, \"}\""),
    ("[1}", "2: \",\" or \"]\", \"}\""), ("01", "1: the end of the JSON text, \"1\""),
    ("-", "1: a digit, the end of the JSON text"),
    ("1.", "2: a digit, the end of the JSON text"), ("1.e", "2: a digit, \"e\""),
    ("1e+", "3: a digit, the end of the JSON text"),
    ("+1", "0: a value, \"+\""), ("NaN", "0: a value, \"N\""), ("nul", "0: true, false or null, \"n\""),
    ("truex", "4: the end of the JSON text, \"x\""), ("'a'", "0: a value, \"'\""),
    ("\"\\x\"", "1: a JSON escape sequence, an unknown one"),
    ("\"\\", "1: a JSON escape sequence, an unknown one"), ("\"\\u12\"", "1: four hexadecimal digits, fewer"),
    ("\"\\u12g4\"", "1: four hexadecimal digits, fewer"), ("\"\\ud800\"", "1: a surrogate pair, half of one"),
    ("\"\\udc00\"", "1: a surrogate pair, half of one"),
    ("\"\\ud800\\u0041\"", "1: a surrogate pair, half of one"),
    ("\"\t\"", "1: an escaped control character, \"\t\""), ("// c", "0: a value, \"/\""),
    ("\u{FEFF}{}", "0: a value, \"\u{FEFF}\""),
  ])
  func refuses(_ text: String, _ reason: String) {
    #expect(check(text) == reason)
  }

  @Test func depth() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(check(nested(64)) == "")
    #expect(check(nested(65)) == "64: at most 64 nested values, more")
  }

  @Test func strings() throws {
    var reader = JSONReader(Array(#""a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDC26é🐦\u0000""#.utf8))
    #expect(try reader.string() == "a\"\\/\u{8}\u{C}\n\r\té🐦é🐦\0")
  }

  @Test func keysComeInOrderWithDuplicates() throws {
    var reader = JSONReader(Array("{\"b\":[],\"a\":{},\"b\":[1,2]}".utf8))
    var keys: [String] = []
    try reader.beginObject()
    while let key = try reader.nextKey() {
      keys.append(key)
      try reader.skipValue()
    }
    try reader.end()
    #expect(keys == ["b", "a", "b"])
  }
}
