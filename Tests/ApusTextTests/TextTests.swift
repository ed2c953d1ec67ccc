// Text files, and the character tokenizer.
// Read first: Sources/ApusText/CharacterTokenizer.swift.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct TextFileTests {
  private func read(_ bytes: [UInt8]) throws(FileFormatError) -> String {
    try Array(bytes).withUnsafeBytes { bytes in
      Result { () throws(FileFormatError) in try TextFile.text(of: bytes, path: "f") }
    }.get()
  }

  private func error(_ bytes: [UInt8]) -> String {
    problems { () throws(FileFormatError) in _ = try read(bytes) }
  }

  @Test func lineEndsAndMark() throws {
    #expect(try read(Array("a\r\nb\n\rc\r\r\n\r".utf8)) == "a\nb\n\rc\r\n\r")
    #expect(try read([0xEF, 0xBB, 0xBF] + Array("é\r\n".utf8)) == "é\n")
    let text = "🐦 ascii, and more than eight bytes of it é"
    #expect(try read(Array(text.utf8)) == text)
  }

  @Test func wrongBytes() {
    #expect(error([]) == "f: expected text, found an empty file")
    #expect(error([0xEF, 0xBB, 0xBF]) == "f: expected text, found an empty file")
    #expect(error(Array("12345678".utf8) + [0xE9]) == "f: byte 8: expected UTF-8 text, found the byte 0xE9")
    #expect(error([0xFF, 0xFE, 0x41, 0]) == "f: byte 0: expected UTF-8 text, found a UTF-16 byte order mark")
    #expect(error([0x80]) == "f: byte 0: expected UTF-8 text, found the byte 0x80")
  }

  @Test func validationAgreesWithTheStandardLibrary() {
    // All sequences of up to three of these bytes, which represent every class of bytes.
    let classes: [UInt8] = [
      0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5,
      0xFF,
    ]
    func check(_ bytes: [UInt8]) {
      let offset = bytes.withUnsafeBytes { firstInvalidUTF8(in: $0) }
      #expect((offset == nil) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
      // The bytes before the offset are valid, and become invalid with the byte at the offset.
      if let offset {
        #expect(String(validating: bytes[..<offset], as: UTF8.self) != nil, "\(bytes)")
      }
    }
    for a in classes {
      for b in classes {
        check([a, b])
        for c in classes {
          check([a, b, c])
          check([a, b, c, 0x80])
        }
      }
    }
  }

  @Test func fromADisk() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "text")
      try Data("one\r\ntwo".utf8).write(to: url)
      #expect(try TextFile.read(url) == "one\ntwo")
      try Data().write(to: url)
      #expect(throws: FileFormatError.self) { try TextFile.read(url) }
    }
  }
}

@Suite struct CharacterTokenizerTests {
  @Test func alphabetIsSorted() throws {
    let tokenizer = CharacterTokenizer(alphabetOf: "héllo\n🐦 wörld")
    #expect(String(String.UnicodeScalarView(tokenizer.alphabet)) == "\n dhlorwéö🐦")
    #expect(tokenizer.vocabularySize == 11)
    #expect(try tokenizer.encode("🐦é\nh") == [10, 8, 0, 3])
    #expect(tokenizer.token(of: "h") == 3)
    #expect(tokenizer.token(of: "x") == nil)
    #expect(tokenizer.token(of: "ü") == nil)
  }

  @Test func roundTrip() throws {
    // Combining characters keep their encoding, composed or decomposed; so does \r\n.
    for text in ["", "abc", "e\u{301}é", "\r\n", "👩‍👩‍👧🇨🇭", "\0"] {
      let tokenizer = CharacterTokenizer(alphabetOf: text)
      let decoded = try tokenizer.decode(tokenizer.encode(text))
      #expect(Array(decoded.unicodeScalars) == Array(text.unicodeScalars))
    }
  }

  @Test func unknownCharacters() {
    let tokenizer = CharacterTokenizer(alphabetOf: "abc\né")
    func error(_ text: String) -> String {
      do throws(TokenizerError) {
        return "\(try tokenizer.encode(text))"
      } catch {
        return error.description
      }
    }
    #expect(
      error("ab\né\nabX")
        == "text, line 3, character 7: expected one of the 5 characters of the vocabulary, found \"X\" (U+0058)")
    #expect(
      error("a🐦")
        == "text, line 1, character 1: expected one of the 5 characters of the vocabulary, found \"🐦\" (U+1F426)")
    #expect(error("\t").hasSuffix("found U+0009"))
    #expect(throws: TokenizerError.unknownCharacter("X", position: 0, line: 1, vocabularySize: 5)) {
      try tokenizer.encode("X")
    }
  }

  @Test func unknownTokens() {
    let tokenizer = CharacterTokenizer(alphabetOf: "abc")
    for token: Int32 in [3, -1, .max, .min] {
      let error = TokenizerError.unknownToken(token, position: 1, vocabularySize: 3)
      #expect(throws: error) { try tokenizer.decode([0, token]) }
      #expect(error.description == "token 1: expected a number from 0 to 2, found \(token)")
    }
  }

  @Test func ownAlphabet() throws {
    let tokenizer = try CharacterTokenizer(alphabet: ["b", "a"])
    #expect(try tokenizer.encode("ab") == [1, 0])
    #expect(throws: TokenizerError.repeatedCharacter("b", first: 0, second: 2)) {
      try CharacterTokenizer(alphabet: ["b", "a", "b"])
    }
  }

  @Test func codable() throws {
    let tokenizer = CharacterTokenizer(alphabetOf: "\r\n\"\\ ab\u{301}é🐦\0")
    let data = try JSONEncoder().encode(tokenizer)
    let decoded = try JSONDecoder().decode(CharacterTokenizer.self, from: data)
    #expect(decoded == tokenizer)
    #expect(decoded.alphabet == tokenizer.alphabet)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(CharacterTokenizer.self, from: Data(#"{"alphabet":"aa"}"#.utf8))
    }
  }
}
