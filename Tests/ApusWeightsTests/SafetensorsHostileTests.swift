// Invalid safetensors headers of every kind, with the exact error messages.
// Read next: SafetensorsNoiseTests.swift.

import ApusTestSupport
import Foundation
import Testing

@Suite struct SafetensorsHostileTests {
  /// The problems of a file with a single tensor "a" that has this entry, and with this number of element bytes.
  private func entry(_ json: String, bytes: Int = 4) -> String {
    problems(safetensors("{\"a\":\(json)}", elements: Array(repeating: 0, count: bytes)))
  }

  @Test func sizeField() {
    #expect(problems(Data()) == "f: byte 0: expected 8 bytes with the header's size, found a file of 0 bytes")
    #expect(problems(Data([1])) == "f: byte 0: expected 8 bytes with the header's size, found a file of 1 byte")
    #expect(
      problems(Data(littleEndianBytes(UInt64(3)) + [0x7B, 0x7D]))
        == "f: byte 0: expected a header of at most 2 bytes, to the end of the file, found a size of 3")
    #expect(
      problems(Data(littleEndianBytes(UInt64(100_000_001))))
        == "f: byte 0: expected a header of at most 100000000 bytes, found a size of 100000001")
    #expect(
      problems(Data(littleEndianBytes(UInt64.max)))
        == "f: byte 0: expected a header of at most 100000000 bytes, found a size of 18446744073709551615")
    #expect(problems(safetensors("")) == "f: byte 8: expected \"{\", found the end of the JSON text")
  }

  @Test func invalidUTF8() {
    let header: [UInt8] = Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)
    #expect(problems(safetensors(header)) == "f: byte 10: expected a header in UTF-8, found the byte 0xFF")
  }

  @Test(arguments: [
    ("[]", "byte 8: expected \"{\", found \"[\""),
    ("null", "byte 8: expected \"{\", found \"n\""),
    ("{", "byte 9: expected a key in quotation marks, found the end of the JSON text"),
    ("{,}", "byte 9: expected a key in quotation marks, found \",\""),
    ("{a:1}", "byte 9: expected a key in quotation marks, found \"a\""),
    ("{\"a\" 1}", "byte 13: expected \":\", found \"1\""),
    ("{} x", "byte 11: expected the end of the JSON text, found \"x\""),
    ("{}{", "byte 10: expected the end of the JSON text, found \"{\""),
    ("{\"é\":é}", "byte 14: expected a value, found \"é\""),
    ("{\"a", "byte 11: expected the end of the string, found the end of the JSON text"),
    ("{\"a\n\":1}", "byte 11: expected an escaped control character, found \"\\n\""),
  ])
  func syntax(_ header: String, _ expected: String) {
    #expect(problems(safetensors(header)) == "f: " + expected)
  }

  @Test func deepNestingEndsEarly() {
    let deep = String(repeating: "[", count: 1_000_000)
    #expect(
      entry(deep) == """
        f: tensor "a": expected an object, found an array
        f: byte 77: expected at most 64 nested values, found more
        """)
    let objects = String(repeating: "{\"\":", count: 100_000)
    #expect(entry("{\"x\":\(objects)").hasSuffix("expected at most 64 nested values, found more"))
  }

  @Test func names() {
    let one = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    #expect(
      problems(safetensors("{\"a\":\(one),\"b\":\(one),\"a\":\(one),\"\\u0061\":\(one)}")) == """
        f: header: expected every name once, found "a" again
        f: header: expected every name once, found "a" again
        """)
    // Swift treats these names as equal, although their bytes differ.
    #expect(
      problems(safetensors("{\"\u{E9}\":\(one),\"e\u{301}\":\(one)}"))
        == "f: header: expected every name once, found \"e\u{301}\" again")
    #expect(problems(safetensors("{\"a\":[1,{}]}")) == "f: tensor \"a\": expected an object, found an array")
    let long = String(repeating: "x", count: 101)
    #expect(
      problems(safetensors("{\"\(long)\":1}"))
        == "f: tensor \"\(long.dropLast())…\": expected an object, found a number")
    // A name cannot forge a line of the message or an escape sequence.
    #expect(
      problems(safetensors("{\"\\n\\u001b[31m\\u202e\":1}"))
        == "f: tensor \"\\n\\u{1B}[31m\\u{202E}\": expected an object, found a number")
  }

  @Test func types() {
    let expected = "f: tensor \"a\", dtype: expected an element type such as F32 or I64, found "
    #expect(entry(#"{"dtype":"F33","shape":[1],"data_offsets":[0,4]}"#) == expected + "\"F33\"")
    #expect(entry(#"{"dtype":"f32","shape":[1],"data_offsets":[0,4]}"#) == expected + "\"f32\"")
    #expect(entry(#"{"dtype":32,"shape":[1],"data_offsets":[0,4]}"#) == expected + "a number")
    #expect(entry(#"{"dtype":null,"shape":[1],"data_offsets":[0,4]}"#) == expected + "true, false or null")
  }

  @Test func shapes() {
    func shape(_ json: String) -> String { entry("{\"dtype\":\"F32\",\"shape\":\(json),\"data_offsets\":[0,4]}") }
    let expected = "f: tensor \"a\", shape: expected sizes from 0 to 2147483647, found "
    #expect(shape("[-1]") == expected + "-1")
    #expect(shape("[1.0]") == expected + "1.0")
    #expect(shape("[1e0]") == expected + "1e0")
    #expect(shape("[2147483648]") == expected + "2147483648")
    #expect(shape("[99999999999999999999999]") == expected + "99999999999999999999999")
    #expect(shape("[\"1\",-2]") == expected + "a string\n" + expected + "-2")
    #expect(shape("1") == expected + "a number")
    #expect(shape("[01]") == "f: byte 38: expected \",\" or \"]\", found \"1\"")
    #expect(shape("[1,1,1,1,1,1,1,1]") == "")
    #expect(shape("[1,1,1,1,1,1,1,1,1]") == "f: tensor \"a\", shape: expected at most 8 axes, found 9")
    let huge = "[2147483647,2147483647,2147483647]"
    let hugeText = "f: tensor \"a\", shape: expected a size that can be addressed, in whole bytes, found "
    #expect(shape(huge) == hugeText + "[2147483647, 2147483647, 2147483647] of F32")
    // The tensor is empty, but its strides would overflow.
    #expect(shape("[0,2147483647,2147483647,2147483647]").hasPrefix(hugeText))
    #expect(entry(#"{"dtype":"F4","shape":[3],"data_offsets":[0,4]}"#) == hugeText + "[3] of F4")
  }

  @Test func offsets() {
    func offsets(_ json: String) -> String { entry("{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":\(json)}") }
    let expected = "f: tensor \"a\", data_offsets: expected two offsets, the start and the end, found "
    #expect(offsets("[0]") == expected + "1 number")
    #expect(offsets("[0,4,4]") == expected + "3 numbers")
    #expect(offsets("{}") == expected + "an object")
    #expect(offsets("[-4,0]") == expected + "-4")
    #expect(offsets("[0,9223372036854775807]") == expected + "9223372036854775807")
    #expect(
      offsets("[4,0]") == "f: tensor \"a\", data_offsets: expected a start that is not after the end, found 4 and 0")
    #expect(
      offsets("[0,3]") == "f: tensor \"a\", data_offsets: expected 4 bytes, for [4] of U8, found 3 bytes")
    #expect(
      offsets("[4611686018427387899,4611686018427387903]") == """
        f: tensor "a", data_offsets: expected a start at 0, where the header ends, found 4611686018427387899, a hole
        f: tensor "a", data_offsets: expected an end at or before 4, where the file ends, found 4611686018427387903
        """)
  }

  @Test func layout() {
    func file(_ ranges: (String, Int, Int)..., bytes: Int) -> String {
      let entries = ranges.map { name, start, end in
        "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[\(end - start)],\"data_offsets\":[\(start),\(end)]}"
      }
      return problems(safetensors("{\(entries.joined(separator: ","))}", elements: Array(repeating: 0, count: bytes)))
    }
    #expect(file(("a", 2, 4), ("b", 0, 2), bytes: 4) == "")
    #expect(
      file(("a", 0, 2), ("b", 1, 4), bytes: 4)
        == "f: tensor \"b\", data_offsets: expected a start at 2, where tensor \"a\" ends, found 1, an overlap")
    #expect(
      file(("a", 0, 2), ("b", 3, 4), bytes: 4)
        == "f: tensor \"b\", data_offsets: expected a start at 2, where tensor \"a\" ends, found 3, a hole")
    #expect(
      file(("a", 1, 2), bytes: 2)
        == "f: tensor \"a\", data_offsets: expected a start at 0, where the header ends, found 1, a hole")
    #expect(
      file(("a", 0, 2), ("b", 2, 4), bytes: 3)
        == "f: tensor \"b\", data_offsets: expected an end at or before 3, where the file ends, found 4")
    #expect(
      file(("a", 0, 2), bytes: 3)
        == "f: byte 63: expected the end of the file after the last tensor, found 1 more byte")
    #expect(
      file(bytes: 3) == "f: byte 10: expected the end of the file after the last tensor, found 3 more bytes")
  }

  @Test func metadata() {
    #expect(problems(safetensors(#"{"__metadata__":{"a":"b"}}"#)) == "")
    #expect(
      problems(safetensors(#"{"__metadata__":[]}"#)) == "f: __metadata__: expected an object of strings, found an array"
    )
    #expect(
      problems(safetensors(#"{"__metadata__":{"a":1,"b":{"c":[]},"d":"e","d":"f"}}"#)) == """
        f: __metadata__, "a": expected a string, found a number
        f: __metadata__, "b": expected a string, found an object
        f: __metadata__, "d": expected every key once, found a duplicate
        """)
  }

  @Test func allProblemsAtOnce() {
    let header = """
      {"a":{"dtype":"F33","shape":[-1],"data_offsets":[4,0]},"b":{},"c":{"dtype":"U8","dtype":"U8","shape":[1],\
      "data_offsets":[0,1],"x":[[]]},"__metadata__":3
      """
    #expect(
      problems(safetensors(header)) == """
        f: tensor "a", dtype: expected an element type such as F32 or I64, found "F33"
        f: tensor "a", shape: expected sizes from 0 to 2147483647, found -1
        f: tensor "a", data_offsets: expected a start that is not after the end, found 4 and 0
        f: tensor "b", dtype: expected a value, found none
        f: tensor "b", shape: expected a value, found none
        f: tensor "b", data_offsets: expected a value, found none
        f: tensor "c": expected every field once, found "dtype" again
        f: tensor "c": expected dtype, shape and data_offsets, found "x"
        f: __metadata__: expected an object of strings, found a number
        f: byte 160: expected "," or "}", found the end of the JSON text
        """)
  }

  @Test func problemsAreCountedBeyondAThousand() {
    let header = "{" + (0..<5000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    let lines = problems(safetensors(header)).split(separator: "\n")
    #expect(lines.count == 1001)
    #expect(lines.last == "f: expected a valid file, found 4000 more problems")
  }
}
