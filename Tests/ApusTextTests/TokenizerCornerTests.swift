// Corner cases of tokenizer files, found by comparing random ones with Hugging Face's `tokenizers` 0.22, which also
// gave the expected values. Read first: TokenizerParityTests.swift, TokenizerHostileTests.swift.

import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct TokenizerCornerTests {
  private func tokenizer(model: String, _ parts: String = "") throws(FileFormatError) -> Tokenizer {
    let json = #"{"model": \#(model)\#(parts.isEmpty ? "" : ", ")\#(parts)}"#
    let file = MappedFile(copying: Data(json.utf8), name: "tokenizer.json")
    return try withExtendedLifetime(file) { () throws(FileFormatError) in
      try TokenizerFile.read(file.bytes, path: file.path)
    }
  }

  private static let letters = #"{"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2, "\n": 3}, "merges": []}"#

  /// The pieces that a pre-tokenizer makes of a text; a model without tokens leaves each of them unchanged.
  private func pieces(_ pattern: String, _ behavior: String, isInverted: Bool = false, of text: String) throws
    -> [String]
  {
    let whole = #"{"type": "WordPiece", "vocab": {"?": 0}, "unk_token": "?"}"#
    let split = #""type": "Split", "pattern": \#(pattern), "behavior": "\#(behavior)", "invert": \#(isInverted)"#
    let tokenizer = try tokenizer(model: whole, #""pre_tokenizer": {\#(split)}"#)
    let scalars = Array(text.unicodeScalars)
    return try tokenizer.encode(text).offsets.map { String(String.UnicodeScalarView(scalars[$0])) }
  }

  /// An empty match is also a delimiter: it separates the text on both sides.
  @Test func emptyMatchesPartTheText() throws {
    let text = "aBcxxDE f"
    let letters = ["a", "B", "c", "x", "x", "D", "E", " ", "f"]
    let capitals = ["a", "Bcxx", "D", "E f"]
    for behavior in ["Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"] {
      for isInverted in [false, true] {
        #expect(try pieces(#"{"String": ""}"#, behavior, isInverted: isInverted, of: text) == letters, "\(behavior)")
        let upper = try pieces(#"{"Regex": "(?=[A-Z])"}"#, behavior, isInverted: isInverted, of: text)
        #expect(upper == capitals, "\(behavior)")
      }
    }
    #expect(try pieces(#"{"String": ""}"#, "Removed", isInverted: true, of: text).isEmpty)
    let any = #"{"Regex": "x*"}"#
    #expect(try pieces(any, "Contiguous", of: text) == ["a", "B", "c", "xx", "D", "E", " ", "f"])
    #expect(try pieces(any, "MergedWithPrevious", of: text) == ["a", "B", "cxx", "D", "E", " ", "f"])
    #expect(try pieces(any, "MergedWithNext", of: text) == ["a", "B", "c", "xxD", "E", " ", "f"])
    #expect(try pieces(any, "MergedWithPrevious", isInverted: true, of: text) == ["a", "B", "c", "xxD", "E", " ", "f"])
    #expect(try pieces(any, "Removed", isInverted: true, of: text) == ["xx"])
  }

  /// `\w` does not match the joiners in emoji, and matches ² only outside brackets.
  @Test func charactersOfWords() throws {
    func matched(_ pattern: String) throws -> [String] {
      let all = ["²", "¼", "\u{200D}", "٠", "A", "_", "-"]
      return try all.filter { try pieces(#"{"Regex": "\#(pattern)"}"#, "Removed", of: $0).isEmpty }
    }
    #expect(try matched(#"\\w"#) == ["²", "¼", "٠", "A", "_"])
    #expect(try matched(#"\\W"#) == ["\u{200D}", "-"])
    #expect(try matched(#"[\\w]"#) == ["٠", "A", "_"])
    #expect(try matched(#"[^\\w\\s]"#) == ["²", "¼", "\u{200D}", "-"])
    #expect(try matched(#"[^\\W_]"#) == ["٠", "A"])
    let boundary = #"{"Regex": "\\b"}"#
    #expect(try pieces(boundary, "Isolated", of: "!²!") == ["!", "²", "!"])
    #expect(try pieces(boundary, "Isolated", of: "!\u{200D}!") == ["!\u{200D}!"])
    // Rust's rules apply outside patterns, and there the joiners are word characters.
    let family = "👨\u{200D}👩"
    #expect(try pieces(#"{"Regex": "\\w+|[^\\w\\s]+"}"#, "Isolated", of: family) == [family])
  }

  /// White space that a token includes may also be a token itself.
  @Test func addedTokensShareWhiteSpace() throws {
    func encoding(_ tokens: String, _ text: String) throws -> Encoding {
      try tokenizer(model: Self.letters, #""added_tokens": [\#(tokens)]"#).encode(text)
    }
    let mark = #"{"id": 4, "content": "<x>", "rstrip": true}"#
    let spaces = try encoding(#"\#(mark), {"id": 5, "content": "  "}"#, "a<x>   b")
    #expect(spaces.ids == [0, 4, 5, 2, 1] && spaces.tokens == ["a", "<x>   ", "  ", " ", "b"])
    #expect(spaces.offsets == [0..<1, 1..<7, 4..<6, 6..<7, 7..<8])
    let breaks = try encoding(#"{"id": 3, "content": "\n", "rstrip": true}"#, "a\n\n\nb")
    #expect(breaks.ids == [0, 3, 3, 3, 1] && breaks.tokens == ["a", "\n\n\n", "\n\n", "\n", "b"])
    #expect(breaks.offsets == [0..<1, 1..<4, 2..<4, 3..<4, 4..<5])
    // Tokens that strip on both sides, where no white space is left to strip.
    let both = try encoding(#"\#(mark), {"id": 2, "content": " ", "lstrip": true}"#, "a<x>  b")
    #expect(both.ids == [0, 4, 2, 2, 1])
  }

  /// Ids that contradict the vocabulary or leave gaps after it are ignored.
  @Test func addedTokensFollowTheVocabulary() throws {
    for (vocabulary, tokens, ids) in [
      (#""a": 0, "b": 1"#, [(5, "x"), (9, "y")], [2, 3]), (#""a": 0, "b": 1"#, [(1, "a"), (2, "x")], [0, 2]),
      (#""a": 0, "b": 7"#, [(2, "x"), (7, "b"), (8, "y")], [2, 7, 3]),
      (#""a": 0, "b": 1"#, [(3, "y"), (2, "x")], [2, 3]),
    ] as [(String, [(Int, String)], [Int32])] {
      let list = tokens.map { #"{"id": \#($0), "content": "\#($1)"}"# }.joined(separator: ", ")
      let tokenizer = try tokenizer(
        model: #"{"type": "BPE", "vocab": {\#(vocabulary)}, "merges": []}"#, #""added_tokens": [\#(list)]"#)
      #expect(tokenizer.addedTokens.map(\.id) == ids && tokens.map { tokenizer.id(of: $0.1) } == ids, "\(list)")
    }
  }

  /// Of two tokens with the same normalized form, the special one is found, or else the first.
  @Test func addedTokensThatNormalizeAlike() throws {
    for (isSpecial, ids) in [
      ((false, true), [0, 5, 1]), ((true, false), [0, 4, 1]), ((false, false), [0, 4, 1]), ((true, true), [0, 4, 1]),
    ] as [((Bool, Bool), [Int32])] {
      func token(_ id: Int, _ content: String, _ isSpecial: Bool) -> String {
        #"{"id": \#(id), "content": "\#(content)", "normalized": true, "special": \#(isSpecial)}"#
      }
      let list = [token(4, "AB", isSpecial.0), token(5, "ab", isSpecial.1)].joined(separator: ", ")
      let tokenizer = try tokenizer(
        model: Self.letters, #""normalizer": {"type": "Lowercase"}, "added_tokens": [\#(list)]"#)
      #expect(tokenizer.ids(of: "aABb") == ids, "\(isSpecial)")
    }
  }

  @Test func addedTokensThatNormalizeToNothing() {
    let error = #expect(throws: FileFormatError.self) {
      try tokenizer(
        model: Self.letters,
        #""normalizer": {"type": "Strip"}, "added_tokens": [{"id": 4, "content": "  ", "normalized": true}]"#)
    }
    #expect(error?.problems.map { "\($0.place)" } == ["added_tokens[0]"])
  }

  /// The name of the unknown piece in a text is that piece; together with unknown neighbors it is not.
  @Test func theNameOfTheUnknownPiece() throws {
    let bytes = (0..<256).map { #"["\#(BytePairModel.fallbackName(UInt8($0)))", -5]"# }.joined(separator: ", ")
    let model =
      #"{"type": "Unigram", "unk_id": 1, "byte_fallback": true, "vocab": [["a", -1], ["<u>", 0], \#(bytes)]}"#
    let tokenizer = try tokenizer(model: model)
    #expect(try tokenizer.encode("a<u>a").tokens == ["a", "<u>", "a"])
    #expect(tokenizer.ids(of: "a<u>a") == [0, 1, 0])
    #expect(tokenizer.ids(of: "a<u>ba") == [0, 62, 119, 64, 100, 0])
    #expect(tokenizer.ids(of: "<u><u>") == [62, 119, 64, 62, 119, 64])
  }

  /// A single space at the beginning may have been inserted and stays; if there are several, none was inserted.
  @Test func spacesBeforeTheFirstToken() throws {
    let vocabulary = #"{"Ġ": 0, "a": 1, "ĠĠ": 2, "ĠĠĠ": 3, "ĠĠa": 4, "Ġa": 5}"#
    let merges = #"[["Ġ", "Ġ"], ["ĠĠ", "Ġ"], ["ĠĠ", "a"], ["Ġ", "a"]]"#
    let words = #""type": "ByteLevel", "add_prefix_space": true, "use_regex": false"#
    for (isKept, offsets) in [(true, [0..<1, 0..<2, 2..<3, 3..<3]), (false, [1..<1, 1..<2, 2..<3, 3..<3])] {
      let trimmer = #""type": "ByteLevel", "trim_offsets": true, "add_prefix_space": \#(isKept)"#
      let tokenizer = try tokenizer(
        model: #"{"type": "BPE", "vocab": \#(vocabulary), "merges": \#(merges)}"#,
        #""pre_tokenizer": {\#(words)}, "post_processor": {\#(trimmer)}"#)
      #expect(try ["a", " a", "  a", "   "].map { try tokenizer.encode($0).offsets[0] } == offsets)
    }
  }

  @Test func replacingNothing() throws {
    let everywhere = #"{"type": "Replace", "pattern": {"String": ""}, "content": "b"}"#
    let tokenizer = try tokenizer(
      model: Self.letters,
      #""normalizer": \#(everywhere), "decoder": {"type": "Sequence", "decoders": [\#(everywhere)]}"#)
    #expect(tokenizer.ids(of: "aa") == [1, 0, 1, 0, 1] && tokenizer.ids(of: "").isEmpty)
    #expect(tokenizer.decode([0, 0]) == "babbab" && tokenizer.decode([]).isEmpty)
  }
}
