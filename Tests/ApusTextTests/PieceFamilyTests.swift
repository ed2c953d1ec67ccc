// SentencePiece models in folders of Marian, T5, XLM-RoBERTa, CamemBERT and Llama, compared with transformers'
// tokenizers.
// Read first: Sources/ApusText/Loading/PieceTokenizer.swift. Read next: SentencePieceTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct PieceFamilyTests {
  struct Variant: Decodable, CustomTestStringConvertible {
    struct Encoded: Decodable {
      let text: String
      let ids: [Int32]
      let plain: [Int32]
      let decoded: String
      let whole: String
    }

    struct Decoded: Decodable {
      let ids: [Int32]
      let decoded: String
      let whole: String
    }

    let name: String
    let models: [String: String]
    /// File names and contents.
    let files: [String: String]
    let size: Int
    let encoded: [Encoded]
    let decoded: [Decoded]
    let pair: [Int32]

    var testDescription: String { name }
  }

  /// The folder with the models and cases. The variable APUS_PIECE_CASES can name another folder that generate.py made.
  static func fixtures() throws -> URL {
    if let path = ProcessInfo.processInfo.environment["APUS_PIECE_CASES"] { return URL(filePath: path) }
    return try TokenizerParityTests.folder("sentencepiece_families")
  }

  static let variants: [Variant] =
    (try? JSONDecoder().decode([Variant].self, from: Data(contentsOf: fixtures().appending(path: "cases.json")))) ?? []

  static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  private func withFolder<Result>(_ variant: Variant, _ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
      for (name, model) in variant.models {
        try FileManager.default.copyItem(
          at: Self.fixtures().appending(path: "\(model).model"), to: folder.appending(path: name))
      }
      for (name, content) in variant.files {
        try Data(content.utf8).write(to: folder.appending(path: name))
      }
      return try body(folder)
    }
  }

  @Test func allFamiliesAreHere() { #expect(Self.variants.count == 9) }

  @Test(arguments: variants) func asTransformersDoes(_ variant: Variant) throws {
    let tokenizer = try withFolder(variant) { try Tokenizer(folder: $0) }
    #expect(tokenizer.vocabularySize == variant.size)
    #expect(variant.encoded.count > 60 && variant.decoded.count >= 30)
    for expected in variant.encoded {
      let encoding = try tokenizer.encode(expected.text)
      #expect(encoding.ids == expected.ids, "\(expected.text)")
      #expect(tokenizer.ids(of: expected.text) == expected.plain, "\(expected.text)")
      let decoded = tokenizer.decode(encoding.ids)
      #expect(Self.same(decoded, expected.decoded), "\(expected.text)")
      let whole = tokenizer.decode(encoding.ids, skippingSpecialTokens: false)
      #expect(Self.same(whole, expected.whole), "\(expected.text): \(whole) for \(expected.whole)")
      let count = expected.text.unicodeScalars.count
      #expect(encoding.offsets.allSatisfy { $0.upperBound <= count })
      // Streaming gives the same text except for spaces at its ends.
      var stream = tokenizer.streamingDecoder()
      let pieces = (encoding.ids.map { stream.append($0) } + [stream.finish()]).joined()
      #expect(
        pieces.trimmingCharacters(in: .whitespaces) == expected.decoded.trimmingCharacters(in: .whitespaces),
        "\(expected.text)")
    }
    for expected in variant.decoded {
      #expect(Self.same(tokenizer.decode(expected.ids), expected.decoded), "\(expected.ids)")
      let whole = tokenizer.decode(expected.ids, skippingSpecialTokens: false)
      #expect(Self.same(whole, expected.whole), "\(expected.ids): \(whole) for \(expected.whole)")
    }
    #expect(try tokenizer.encode("the king", pair: "and you").ids == variant.pair)
  }

  // MARK: Marian

  private func variant(_ name: String) throws -> Variant { try #require(Self.variants.first { $0.name == name }) }

  @Test func marianTargets() throws {
    try withFolder(variant("marian")) { folder in
      let (source, target) = (try Tokenizer(folder: folder), try Tokenizer(marianTarget: folder))
      // The target language consists of words that are spelled backwards.
      let encoding = try target.encode("eht gnik")
      #expect(encoding.ids != (try source.encode("eht gnik").ids) && encoding.ids.last == 0)
      #expect(target.decode(encoding.ids) == "eht gnik" && source.decode(encoding.ids) == "eht gnik")
      #expect(source.roles.padding == source.id(of: "<pad>") && source.roles.begin == nil)
      #expect(Tokenizer.hasFiles(in: folder))
    }
  }

  @Test func whatMarianNeeds() throws {
    func message(_ change: (URL) throws -> Void) throws -> String {
      try withFolder(variant("marian")) { folder in
        try change(folder)
        return problems { () throws(FileFormatError) in _ = try Tokenizer(folder: folder) }
      }
    }
    let text = try message { try Data("{\"a\": 0, \"</s>\": 1}".utf8).write(to: $0.appending(path: "vocab.json")) }
    #expect(text.contains("vocab.json") && text.contains("pad_token") && text.contains("unk_token"))
    #expect(!text.contains("eos_token"))
    let other = try message { try FileManager.default.removeItem(at: $0.appending(path: "target.spm")) }
    #expect(other.contains("target.spm"))
    let broken = try message { try Data("x".utf8).write(to: $0.appending(path: "source.spm")) }
    #expect(broken.contains("source.spm"))
  }

  @Test func sentinelsThatContradictEachOther() throws {
    let files = [
      "config.json": "{\"model_type\": \"t5\"}",
      "tokenizer_config.json": """
      {"extra_ids": 3, "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>"]}
      """,
    ]
    let models = ["spiece.model": "unigram"]
    let variant = Variant(name: "", models: models, files: files, size: 0, encoded: [], decoded: [], pair: [])
    let text = try withFolder(variant) { folder in
      problems { () throws(FileFormatError) in _ = try Tokenizer(folder: folder) }
    }
    #expect(
      text.hasSuffix(
        "tokenizer_config.json: extra_ids: expected 2, the number of sentinels in additional_special_tokens, found 3"),
      "\(text)")
  }

  // MARK: Noise

  /// Folders with a few changed bytes either open or throw an error; a tokenizer that opens encodes and decodes any
  /// text.
  @Test(arguments: variants) func noise(_ variant: Variant) throws {
    var noise = SeededNoise(state: UInt64(variant.size))
    try withFolder(variant) { folder in
      let names = Array(variant.models.keys.sorted() + variant.files.keys.sorted())
      let originals = try names.map { try Data(contentsOf: folder.appending(path: $0)) }
      var opened = 0
      for round in 0..<30 {
        let (name, original) = (names[round % names.count], originals[round % names.count])
        var bytes = [UInt8](original)
        for _ in 0..<Int.random(in: 1...2, using: &noise) {
          let place = Int.random(in: 0..<bytes.count, using: &noise)
          bytes[place] =
            round % 2 == 0 ? bytes[place] ^ 1 << (noise.next() % 7) : UInt8(truncatingIfNeeded: noise.next())
        }
        if round % 5 == 4 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &noise)) }
        try Data(bytes).write(to: folder.appending(path: name))
        defer { try? original.write(to: folder.appending(path: name)) }
        guard let tokenizer = try? Tokenizer(folder: folder) else { continue }
        opened += 1
        let text = variant.encoded[round % variant.encoded.count].text
        let encoding = try tokenizer.encode(text, pair: ">>fra<< <extra_id_1> the</s>")
        #expect(encoding.ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
        _ = tokenizer.decode(encoding.ids, skippingSpecialTokens: round % 3 == 0)
        _ = tokenizer.decode(variant.decoded[round % variant.decoded.count].ids)
      }
      #expect(opened > 2)
    }
  }
}
