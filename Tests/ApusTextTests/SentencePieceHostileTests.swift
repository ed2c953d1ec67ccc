// Invalid SentencePiece models and llama2.c files cause errors with a position but never a crash.
// Read first: SentencePieceTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct SentencePieceHostileTests {
  static func read(_ bytes: [UInt8]) throws(FileFormatError) -> Tokenizer {
    var result: Swift.Result<Tokenizer, FileFormatError> = .failure(FileFormatError(path: "", expected: "", found: ""))
    bytes.withUnsafeBytes { buffer in
      do throws(FileFormatError) {
        result = .success(try SentencePieceFile(buffer, path: "m").tokenizer())
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  static func readScored(_ bytes: [UInt8], count: Int? = nil) throws(FileFormatError) -> Tokenizer {
    var result: Swift.Result<Tokenizer, FileFormatError> = .failure(FileFormatError(path: "", expected: "", found: ""))
    bytes.withUnsafeBytes { buffer in
      do throws(FileFormatError) {
        result = .success(try ScoredTokenFile.read(buffer, path: "m", count: count))
      } catch {
        result = .failure(error)
      }
    }
    return try result.get()
  }

  static func message(_ bytes: [UInt8]) -> String { problems { () throws(FileFormatError) in _ = try read(bytes) } }

  // MARK: Writing messages

  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }

  static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
  }

  static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

  static func piece(_ text: String, _ kind: UInt64, score: Float = 0) -> [UInt8] {
    field(1, field(1, Array(text.utf8)) + varint(2 << 3 | 5) + littleEndianBytes(score.bitPattern) + field(3, kind))
  }

  @Test func messages() throws {
    let unknown = Self.piece("<unk>", 2)
    #expect(Self.message([]) == "m: expected a SentencePiece model, found no pieces")
    #expect(Self.message(Self.piece("a", 1)) == "m: expected an unknown piece, found none")
    #expect(Self.message([0x0A, 0x05, 0x0A]) == "m: byte 1: expected a length of at most 1, found 5")
    #expect(Self.message([0x0B]) == "m: byte 0: expected wire type 0, 1, 2 or 5, found type 3")
    #expect(Self.message([0x00]).hasPrefix("m: byte 0: expected a field number from 1"))
    #expect(Self.message([0x80]) == "m: byte 0: expected a varint of at most 10 bytes, found the end")
    #expect(
      Self.message([0x08] + [UInt8](repeating: 0xFF, count: 11))
        == "m: byte 1: expected a varint of at most 10 bytes, found more")
    #expect(Self.message([0x08, 0x01]) == "m: byte 0: expected a message in field 1, found the number 1")
    #expect(Self.message([0x0D, 0x01]) == "m: byte 1: expected 4 more bytes, found 1")
    #expect(
      Self.message(unknown + Self.piece("a", 7))
        == "m: byte 26: expected a piece type from 1 to 6, found the number 7")
    #expect(Self.message(unknown + Self.piece("", 1)).contains("a non-empty piece"))
    #expect(Self.message(unknown + Self.piece("a", 1, score: .nan)).contains("a finite number in field 2, found nan"))
    #expect(Self.message(unknown + Self.field(1, Self.field(1, [0xC3]))).contains("UTF-8 text in field 1"))
    #expect(
      Self.message(unknown + Self.piece("a", 1) + Self.piece("a", 4))
        == "m: byte 28: expected every piece once, found \"a\" as piece 1 and 2")
    #expect(Self.message(unknown + Self.piece("<?>", 2)).contains("one unknown piece"))
    #expect(Self.message(unknown + Self.piece("<0x00>", 6)).contains("no byte pieces"))
    let bytes = Self.field(2, Self.field(35, 1))
    #expect(Self.message(unknown + bytes).contains("a piece for each of the 256 bytes, found 0"))
    #expect(Self.message(unknown + bytes + Self.piece("<0xe2>", 6)).contains("the name of a byte, such as <0xE2>"))
    #expect(Self.message(unknown + Self.field(2, Self.field(3, 4))).contains("model type 1 (unigram) or 2"))
    #expect(Self.message(unknown + Self.field(3, Self.field(2, [9, 9]))).contains("a compiled character map"))
    #expect(Self.message(unknown + Self.field(5, Self.field(2, [9, 9]))).contains("no denormalization rules"))
    // Unknown fields, which later versions may add, are skipped.
    let other = Self.field(90, 1) + Self.field(91, [1, 2]) + varintFixed()
    #expect(try Self.read(unknown + Self.piece("▁a", 1, score: -1) + other).ids(of: "a") == [1])
  }

  private func varintFixed() -> [UInt8] {
    Self.varint(92 << 3 | 1) + [UInt8](repeating: 1, count: 8) + Self.varint(93 << 3 | 5) + [1, 2, 3, 4]
  }

  @Test func rulesThatEndWithinCharacters() throws {
    // This trie replaces only the byte 0xC3, after which "é" is no longer valid UTF-8, as in SentencePiece.
    var units = [UInt32](repeating: 0, count: 1024)
    units[0] = 1 << 10
    units[1 ^ 0xC3] = 0xC3 | 0x100 | 512 << 10
    units[1 ^ 0xC3 ^ 512] = 0x8000_0000
    let map = littleEndianBytes(UInt32(4096)) + units.flatMap { littleEndianBytes($0) } + Array("x\0".utf8)
    let model = Self.piece("<unk>", 2) + Self.piece("x", 1, score: -1) + Self.field(3, Self.field(2, map))
    let tokenizer = try Self.read(model)
    let encoding = try tokenizer.encode("é")
    #expect(encoding.tokens == ["▁", "x", "\u{FFFD}"] && encoding.ids == [0, 1, 0])
  }

  private static let texts = ["", "the cat", "  @user\n日本 é\u{301} ing<sep> 12 ", "foo bar foo bar zzz"]

  private static func use(_ tokenizer: Tokenizer) {
    for text in texts {
      guard let encoding = try? tokenizer.encode(text) else { continue }
      _ = tokenizer.decode(encoding.ids)
      _ = tokenizer.decode(0..<Int32(min(300, tokenizer.vocabularySize)), skippingSpecialTokens: false)
    }
  }

  @Test(arguments: SentencePieceTests.variants) func changedFiles(_ name: String) throws {
    let folder = try TokenizerParityTests.folder("sentencepiece_variants")
    let bytes = Array(try Data(contentsOf: folder.appending(path: "\(name).model")))
    var noise = SeededNoise(state: 11)
    for _ in 0..<150 {
      // The training settings are at the end.
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &noise) {
        let tail = Bool.random(using: &noise) ? bytes.count : min(200, bytes.count)
        let place = bytes.count - 1 - Int.random(in: 0..<tail, using: &noise)
        changed[place] = UInt8.random(in: 0...255, using: &noise)
      }
      if Int.random(in: 0..<3, using: &noise) == 0 {
        changed.removeLast(Int.random(in: 1..<changed.count, using: &noise))
      }
      if let tokenizer = try? Self.read(changed) { Self.use(tokenizer) }
    }
  }

  // MARK: llama2.c

  static func scored(_ tokens: [(String, Float)], longest: Int32 = 9) -> [UInt8] {
    littleEndianBytes(longest)
      + tokens.flatMap { token, score in
        littleEndianBytes(score.bitPattern) + littleEndianBytes(Int32(token.utf8.count)) + Array(token.utf8)
      }
  }

  private static let handmade: [(String, Float)] =
    [("<unk>", 0), ("\n<s>\n", 0), ("\n</s>\n", 0)]
    + (0..<256).map { (BytePairModel.fallbackName(UInt8($0)), 0) }
    + [(" a", -1), ("ab", -2), ("abab", -3), (" ", -4), ("a", -5), ("b", -6)]

  @Test func scoredTokens() throws {
    let tokenizer = try Self.readScored(Self.scored(Self.handmade))
    // " a" is merged before "ab", so "abab" can only come from the rest.
    #expect(try tokenizer.encode("ababab").ids == [1, 259, 264, 261])
    #expect(try tokenizer.encode("é a").ids == [1, 262, 3 + 0xC3, 3 + 0xA9, 259])
    #expect(tokenizer.decode([1, 262, 3 + 0xC3, 3 + 0xA9, 259, 2]) == "é a")
    #expect(tokenizer.decode([259, 259]) == "a a")
    #expect(tokenizer.roles.begin == 1 && tokenizer.roles.end == 2)
    #expect(try Self.readScored(Self.scored(Self.handmade) + [1, 2], count: 265).vocabularySize == 265)
    // If there are no byte tokens, the unknown token is used.
    let few = try Self.readScored(Self.scored([("<unk>", 0), ("<s>", 0), ("</s>", 0), (" ", -1), ("a", -2)]))
    #expect(try few.encode("azza").ids == [1, 3, 4, 0, 4])
  }

  @Test func brokenScoredTokens() throws {
    func message(_ bytes: [UInt8], count: Int? = nil) -> String {
      problems { () throws(FileFormatError) in _ = try Self.readScored(bytes, count: count) }
    }
    #expect(message([]) == "m: byte 0: expected 4 more bytes, found 0")
    #expect(message([0, 0, 0, 0]) == "m: byte 0: expected the length of the longest token, found 0")
    #expect(message([9, 0, 0, 0]).contains("at least 3 tokens, of which the first are unknown, begin and end"))
    #expect(message(Self.scored([("a", .infinity)])) == "m: byte 4: expected a finite score, found inf")
    #expect(message(Self.scored([("abc", 0)], longest: 2)) == "m: byte 8: expected a length from 0 to 2, found 3")
    #expect(message(Self.scored([("a", 0)]) + [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F]).contains("a length from 0 to 0"))
    #expect(message(Self.scored([("a", 0)]), count: 4) == "m: byte 13: expected 4 more bytes, found 0")
    #expect(message([9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xFF]).contains("byte 12: expected UTF-8 text"))
    let whole = Self.scored(Self.handmade)
    var noise = SeededNoise(state: 12)
    for length in 0..<200 {
      if let tokenizer = try? Self.readScored(Array(whole.prefix(length))) { Self.use(tokenizer) }
    }
    for _ in 0..<300 {
      var changed = whole
      changed[Int.random(in: 0..<changed.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
      if let tokenizer = try? Self.readScored(changed) { Self.use(tokenizer) }
    }
  }
}
