// Tokenizers from vocab.txt, and from vocab.json with merges.txt, compared with tokenizer.json and published files.
// Read first: TokenizerParityTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct PlainTokenizerTests {
  private static var shared: URL { SharedData.url("data") }

  static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: shared.appending(path: path).path(percentEncoded: false))
  }

  private static func write(_ value: Any, _ folder: URL, _ name: String) throws {
    try JSONSerialization.data(withJSONObject: value).write(to: folder.appending(path: name))
  }

  /// Splits a fixture's tokenizer.json into plain files.
  private static func takeApart(_ name: String, into folder: URL) throws {
    let data = try Data(contentsOf: TokenizerParityTests.folder(name).appending(path: "tokenizer.json"))
    let root = try JSONDocument(data.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: name)
    let model = try #require(JSONField(tree: root, place: "", path: name)["model"])
    var tokens: [(id: Int, token: String)] = []
    for (token, tree) in try #require(model["vocab"]).members() {
      if case .number(let digits) = tree { tokens.append((try #require(Int(digits)), token)) }
    }
    guard let merges = model["merges"] else {
      let lines = tokens.sorted { $0.id < $1.id }.map { $0.token + "\n" }.joined()
      return try Data(lines.utf8).write(to: folder.appending(path: "vocab.txt"))
    }
    let members = try tokens.map { entry in
      String(decoding: try JSONEncoder().encode(entry.token), as: UTF8.self) + ": \(entry.id)"
    }
    try Data("{\(members.joined(separator: ", "))}".utf8).write(to: folder.appending(path: "vocab.json"))
    var lines = "#version: 0.2\n"
    for merge in try merges.array() {
      if case .string(let text) = merge.tree {
        lines += text + "\n"
      } else {
        lines +=
          try merge.array().map { (part) throws(FileFormatError) in try part.string() }.joined(separator: " ") + "\n"
      }
    }
    try Data(lines.utf8).write(to: folder.appending(path: "merges.txt"))
  }

  /// The shortest lines of merges.txt have four bytes; the table of merges has room for as many as there are lines.
  @Test func shortMerges() throws {
    try withTemporaryFolder { folder in
      // GPT-2's spelling of bytes: printable characters stand for themselves, all others begin at 256.
      let printable = Array(33...126) + Array(161...172) + Array(174...255)
      let bytes = (printable + Array(256..<256 + 256 - printable.count)).compactMap {
        UnicodeScalar($0).map(String.init)
      }
      let letters = (48..<88).compactMap { UnicodeScalar($0).map(String.init) }
      let pairs = letters.flatMap { first in letters.map { (first, $0) } }
      let ids = Dictionary(uniqueKeysWithValues: (bytes + pairs.map { $0 + $1 }).enumerated().map { ($1, $0) })
      try Self.write(ids, folder, "vocab.json")
      let merges = pairs.map { "\($0) \($1)\n" }.joined()
      try Data(merges.utf8).write(to: folder.appending(path: "merges.txt"))
      #expect(pairs.count > 1_100)
      #expect(try Tokenizer(folder: folder).encode("01").tokens == ["01"])
    }
  }

  @Test(arguments: ["wordpiece", "wordpiece_cased", "byte_bpe_gpt2", "byte_bpe_roberta"])
  func plainFilesSayWhatTokenizerFilesSay(_ name: String) throws {
    try withTemporaryFolder { folder in
      try Self.takeApart(name, into: folder)
      if name == "wordpiece_cased" { try Self.write(["do_lower_case": false], folder, "tokenizer_config.json") }
      // In published RoBERTa models, the mask token includes the space before it; in this fixture it does not.
      if name == "byte_bpe_roberta" { try Self.write(["mask_token": "<mask>"], folder, "special_tokens_map.json") }
      let tokenizer = try Tokenizer(folder: folder)
      let cases = try TokenizerParityTests.cases(name)
      #expect(tokenizer.vocabularySize == cases.vocabularySize)
      for expected in cases.single {
        let encoding = try tokenizer.encode(expected.text)
        #expect(encoding.ids == expected.ids, "\(expected.text)")
        #expect(TokenizerParityTests.isEqual(encoding.tokens, expected.tokens), "\(expected.text)")
        #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == expected.offsets, "\(expected.text)")
        #expect(TokenizerParityTests.isEqual([tokenizer.decode(expected.ids)], [expected.decoded]), "\(expected.text)")
      }
      let original = try Tokenizer(contentsOf: TokenizerParityTests.folder(name).appending(path: "tokenizer.json"))
      #expect(try tokenizer.encode("one two", pair: "three") == original.encode("one two", pair: "three"))
    }
  }

  // MARK: Published files

  struct Reference: Decodable {
    // The properties have the names of the keys.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Case: Decodable {
      let text: String
      let gpt2: [Int32]
      let clip: [Int32]
      let bert: [Int32]

      enum CodingKeys: String, CodingKey {
        case text, gpt2, clip
        case bert = "bert_uncased"
      }
    }

    let cases: [Case]
  }

  private static func reference() throws -> [Reference.Case] {
    let data = try Data(contentsOf: shared.appending(path: "tokenizers/reference.json"))
    return try JSONDecoder().decode(Reference.self, from: data).cases
  }

  @Test(.enabled(if: has("tokenizers/gpt2"), "skipped: ../shared/data/tokenizers/gpt2 is missing"))
  func publishedGPT2() throws {
    let tokenizer = try Tokenizer(folder: Self.shared.appending(path: "tokenizers/gpt2"))
    #expect(tokenizer.vocabularySize == 50257)
    #expect(tokenizer.roles.begin == 50256 && tokenizer.roles.end == 50256 && tokenizer.roles.padding == nil)
    for expected in try Self.reference() {
      #expect(try tokenizer.encode(expected.text).ids == expected.gpt2, "\(expected.text)")
      #expect(tokenizer.decode(expected.gpt2) == expected.text)
    }
    #expect(try tokenizer.encode("a<|endoftext|>").ids == [64, 50256])
  }

  @Test(.enabled(if: has("tokenizers/clip"), "skipped: ../shared/data/tokenizers/clip is missing"))
  func publishedCLIP() throws {
    let tokenizer = try Tokenizer(folder: Self.shared.appending(path: "tokenizers/clip"))
    #expect(tokenizer.vocabularySize == 49408)
    #expect(tokenizer.roles.begin == 49406 && tokenizer.roles.end == 49407 && tokenizer.roles.padding == 49407)
    for expected in try Self.reference() {
      #expect(try tokenizer.encode(expected.text).ids == expected.clip, "\(expected.text)")
    }
    #expect(tokenizer.decode([49406, 320, 1125, 539, 320, 2368, 49407]) == "a photo of a cat")
    #expect(
      try tokenizer.encode("a", pair: "cat").ids == [49406, 320, 49407, 49407, 2368, 49407])
  }

  @Test(
    .enabled(
      if: has("weights/all-minilm-l6-v2/vocab.txt"), "skipped: ../shared/data/weights/all-minilm-l6-v2 is missing"))
  func publishedBERT() throws {
    let source = Self.shared.appending(path: "weights/all-minilm-l6-v2")
    let original = try Tokenizer(folder: source)
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(
        at: source.appending(path: "vocab.txt"), to: folder.appending(path: "vocab.txt"))
      let tokenizer = try Tokenizer(folder: folder)
      #expect(tokenizer.vocabularySize == 30522)
      #expect(tokenizer.roles == original.roles)
      #expect(tokenizer.roles.classifier == 101 && tokenizer.roles.mask == 103 && tokenizer.roles.padding == 0)
      for expected in try Self.reference() {
        #expect(try tokenizer.encode(expected.text).ids == expected.bert, "\(expected.text)")
        #expect(
          try tokenizer.encode(expected.text, pair: "A [MASK].") == original.encode(expected.text, pair: "A [MASK]."))
      }
    }
  }

  // MARK: Settings

  @Test func settingsOfPlainFiles() throws {
    try withTemporaryFolder { folder in
      let words = ["<pad>", "?", "<c>", "<s>", "<m>", "Aé", "日", "日本", "ae"]
      try Data((words.joined(separator: "\r\n") + "\r\n").utf8).write(to: folder.appending(path: "vocab.txt"))
      let config: [String: Any] = [
        "do_lower_case": false, "strip_accents": NSNull(), "tokenize_chinese_chars": false, "unk_token": "?",
        "sep_token": ["content": "<s>", "lstrip": true, "__type": "AddedToken"], "mask_token": NSNull(),
        "added_tokens_decoder": ["20": ["content": "<x>", "special": false, "rstrip": true]],
      ]
      try Self.write(config, folder, "tokenizer_config.json")
      try Self.write(
        ["cls_token": "<c>", "pad_token": "<pad>", "mask_token": "<m>", "unk_token": "[none]"], folder,
        "special_tokens_map.json")
      try Self.write(["<y>": 21, "<x>": 20], folder, "added_tokens.json")
      let tokenizer = try Tokenizer(folder: folder)
      #expect(try tokenizer.encode("Aé ae 日本 <s> <x>  日 z<y>").ids == [2, 5, 8, 7, 3, 20, 6, 1, 21, 3])
      #expect(tokenizer.roles.unknown == 1 && tokenizer.roles.padding == 0 && tokenizer.roles.classifier == 2)
      #expect(tokenizer.roles.separator == 3 && tokenizer.roles.mask == 4 && tokenizer.roles.begin == nil)
      #expect(tokenizer.isSpecial(3) && !tokenizer.isSpecial(20) && tokenizer.vocabularySize == 22)
    }
  }

  @Test func rolesOfTokenizerFiles() throws {
    try withTemporaryFolder { folder in
      let source = try TokenizerParityTests.folder("byte_bpe_roberta").appending(path: "tokenizer.json")
      try FileManager.default.copyItem(at: source, to: folder.appending(path: "tokenizer.json"))
      #expect(try Tokenizer(folder: folder).roles == TokenRoles())
      try Self.write(["bos_token": "<s>", "eos_token": "</s>"], folder, "special_tokens_map.json")
      try Self.write(
        ["bos_token": ["content": "<s>"], "pad_token": "<pad>", "unk_token": "<none>"], folder, "tokenizer_config.json")
      let roles = try Tokenizer(folder: folder).roles
      #expect(roles.begin == 0 && roles.end == 2 && roles.padding == 1 && roles.unknown == nil)
    }
  }

  @Test func beginTokensWhereTheyAreAskedFor() throws {
    try withTemporaryFolder { folder in
      try Self.takeApart("byte_bpe_gpt2", into: folder)
      let plain = try Tokenizer(folder: folder).encode("ab").ids
      try Self.write(
        ["add_bos_token": true, "add_prefix_space": true, "tokenizer_class": "GPT2TokenizerFast"], folder,
        "tokenizer_config.json")
      let tokenizer = try Tokenizer(folder: folder)
      let begin = try #require(tokenizer.roles.begin)
      let spaced = tokenizer.ids(of: "ab")
      #expect(try tokenizer.encode("ab").ids == [begin] + spaced)
      #expect(try tokenizer.encode("ab", pair: "ab").ids == [begin] + spaced + [begin] + spaced)
      #expect(spaced != plain && tokenizer.decode(spaced) == " ab")
    }
  }

  // MARK: Invalid files

  @Test func badFiles() throws {
    func message(_ files: [String: String]) throws -> String {
      try withTemporaryFolder { folder in
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        return problems { () throws(FileFormatError) in _ = try Tokenizer(folder: folder) }
      }
    }
    func has(_ files: [String: String], _ parts: String...) throws {
      let text = try message(files)
      for part in parts { #expect(text.contains(part), "\(files): \(text)") }
    }
    let known = "tokenizer.json, vocab.txt, vocab.json with merges.txt or source.spm, or a SentencePiece model"
    try has([:], "expected \(known), found none of them")
    try has(
      ["vocab.txt": "a\n[CLS]"], "vocab.txt: unk_token: expected the token \"[UNK]\"", "\"[SEP]\", found no such token")
    try has(["vocab.txt": ""], "\"[UNK]\"")
    try has(["vocab.json": "[]"], "vocab.json: the document: expected an object")
    try has(["vocab.json": "{\"a\":-1,\"b\":1e3,\"c\":null}"], "\"a\": expected an id", "found -1", "1e3", "null")
    try has(["vocab.json": "{\"a\":0}"], "vocab.json: expected a token for each of the 256 bytes")
    try has(["vocab.json": "{\"a\":"], "vocab.json: byte")
    try has(
      ["vocab.txt": "a", "tokenizer_config.json": "3"], "tokenizer_config.json: the document: expected an object")
    try has(
      ["vocab.txt": "a", "tokenizer_config.json": "{\"bos_token\":3}"],
      "tokenizer_config.json: bos_token: expected a token, or an object with its content, found 3")
    try has(
      ["vocab.txt": "a", "tokenizer_config.json": "{\"do_lower_case\":\"yes\"}"],
      "do_lower_case: expected true or false")
    try has(
      ["vocab.txt": "a", "tokenizer_config.json": "{\"added_tokens_decoder\":{\"x\":{\"content\":\"y\"}}}"],
      "added_tokens_decoder.\"x\": expected an id")
    try has(["vocab.txt": "a", "added_tokens.json": "{\"x\":-1}"], "added_tokens.json: \"x\": expected a whole number")
    var bytes = ByteAlphabet.scalars.enumerated().map { "\"\\u0\(String($1 + 0x1000, radix: 16).dropFirst())\":\($0)" }
    bytes = bytes.map { $0.replacing("\"\\u00022\"", with: "\"\\u0022\"") }
    let vocabulary = "{\(bytes.joined(separator: ","))}"
    try has(["vocab.json": vocabulary], "merges.txt")
    try has(["vocab.json": vocabulary, "merges.txt": "#version\n\na b\n"], "merges.txt: line 3: expected two tokens")
    try has(["vocab.json": vocabulary, "merges.txt": "ab"], "line 1: expected two tokens whose concatenation")
    #expect(try message(["vocab.json": vocabulary, "merges.txt": ""]) == "")
    try has(
      ["vocab.json": vocabulary, "merges.txt": "", "config.json": "{\"model_type\":\"roberta\"}"],
      "cls_token: expected the token \"<s>\", found no such token", "sep_token")
    try has(
      ["vocab.json": vocabulary, "tokenizer_config.json": "{\"tokenizer_class\":\"MarianTokenizer\"}"],
      "tokenizer_class: expected the tokenizer of GPT-2, RoBERTa, BART or CLIP", "found \"MarianTokenizer\"")
  }
  /// Files with changed, inserted or missing bytes give either an error or a tokenizer that works.
  @Test(arguments: ["vocab.json", "merges.txt", "vocab.txt", "tokenizer_config.json", "added_tokens.json"])
  func noise(_ name: String) throws {
    try withTemporaryFolder { folder in
      var noise = SeededNoise(state: 41)
      if name == "vocab.txt" {
        try Data("[UNK]\n[CLS]\n[SEP]\na\n##b\né\n".utf8).write(to: folder.appending(path: name))
      } else {
        let bytes = ByteAlphabet.scalars.enumerated().map {
          #""\u0\#(String($1 + 0x1000, radix: 16).dropFirst())":\#($0)"#
        }
        try Data("{\(bytes.joined(separator: ",")),\"ab\":256}".utf8).write(to: folder.appending(path: "vocab.json"))
        try Data("#version: 0.2\na b\n".utf8).write(to: folder.appending(path: "merges.txt"))
      }
      let config = #"{"added_tokens_decoder":{"3":{"content":"<x>","lstrip":true}},"bos_token":{"content":"<x>"},"#
      let end = #""add_bos_token":true,"pad_token":"a","tokenizer_class":"GPT2Tokenizer"}"#
      if name.hasSuffix("config.json") { try Data((config + end).utf8).write(to: folder.appending(path: name)) }
      if name.hasPrefix("added") { try Data(#"{"<y>":300,"é":301}"#.utf8).write(to: folder.appending(path: name)) }
      let url = folder.appending(path: name)
      let original = Array(try Data(contentsOf: url))
      var count = 0
      for _ in 0..<60 {
        var bytes = original
        for _ in 0..<Int.random(in: 0...2, using: &noise) where !bytes.isEmpty {
          let i = Int.random(in: 0..<bytes.count, using: &noise)
          switch noise.next() % 4 {
          case 0: bytes[i] = UInt8.random(in: 0...255, using: &noise)
          case 1: bytes.insert(Array("\"{}[],:0 \n#".utf8).randomElement(using: &noise) ?? 0, at: i)
          case 2: bytes.remove(at: i)
          default: bytes.removeLast(bytes.count - i)
          }
        }
        try Data(bytes).write(to: url)
        guard let tokenizer = try? Tokenizer(folder: folder) else { continue }
        count += 1
        let encoding = try tokenizer.encode("ab \0<x>é日 a<y>", pair: "b")
        _ = tokenizer.decode(encoding.ids)
      }
      #expect(count > 5)
    }
  }
}
