// Ids and texts of SentencePiece models and llama2.c files, compared with the original libraries.
// Read first: Sources/ApusText/Loading/SentencePieceFile.swift. Read next: SentencePieceHostileTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct SentencePieceTests {
  struct Result: Decodable {
    let ids: [Int32]
    let pieces: [String]
    let decoded: String
  }

  struct Cases: Decodable {
    struct Single: Decodable {
      let text: String
      let ids: [Int32]
      let sentencepiece: Result
    }
    let single: [Single]
  }

  struct Variant: Decodable {
    struct Case: Decodable {
      let text: String?
      let ids: [Int32]
      let decoded: String
    }
    let encoded: [Case]
    let decoded: [Case]
  }

  static func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  @Test func libraryOfParityTexts() throws {
    let folder = try TokenizerParityTests.folder("sentencepiece_unigram")
    let tokenizer = try Tokenizer(sentencePiece: folder.appending(path: "spiece.model"))
    #expect(tokenizer.vocabularySize == 1000)
    let cases = try TokenizerParityTests.cases("sentencepiece_unigram", as: Cases.self).single
    #expect(cases.count == 66)
    for expected in cases {
      let encoding = try tokenizer.encode(expected.text)
      #expect(encoding.ids == expected.sentencepiece.ids, "\(expected.text)")
      #expect(tokenizer.ids(of: expected.text) == encoding.ids)
      #expect(TokenizerParityTests.isEqual(encoding.tokens, expected.sentencepiece.pieces), "\(expected.text)")
      #expect(Self.same(tokenizer.decode(encoding.ids), expected.sentencepiece.decoded), "\(expected.text)")
    }
  }

  static let variants = ["bpe_bytes", "bpe_unused", "unigram_bytes", "unigram_suffix", "unigram_bare"]

  @Test(arguments: variants) func variant(_ name: String) throws {
    let folder = try TokenizerParityTests.folder("sentencepiece_variants")
    let tokenizer = try Tokenizer(sentencePiece: folder.appending(path: "\(name).model"))
    let all = try TokenizerParityTests.cases("sentencepiece_variants", as: [String: Variant].self)
    let cases = try #require(all[name])
    #expect(cases.encoded.count > 90 && cases.decoded.count == 40)
    for expected in cases.encoded {
      let text = try #require(expected.text)
      let encoding = try tokenizer.encode(text)
      #expect(encoding.ids == expected.ids, "\(text)")
      #expect(Self.same(tokenizer.decode(encoding.ids), expected.decoded), "\(text)")
      let count = text.unicodeScalars.count
      #expect(encoding.offsets.allSatisfy { $0.upperBound <= count })
      // Streaming gives the same text.
      var stream = tokenizer.streamingDecoder()
      let pieces = encoding.ids.map { stream.append($0) } + [stream.finish()]
      #expect(Self.same(pieces.joined(), expected.decoded), "\(text)")
      // So does streaming after a prompt, including the space before its first word.
      for count in encoding.ids.indices {
        let prompt = Array(encoding.ids[..<count])
        let known = tokenizer.decode(prompt)
        guard !known.hasSuffix("\u{FFFD}") else { continue }  // an incomplete character
        var stream = tokenizer.streamingDecoder(continuing: prompt)
        let rest = encoding.ids[count...].map { stream.append($0) } + [stream.finish()]
        #expect(Self.same(known + rest.joined(), expected.decoded), "\(text) after \(count) tokens")
      }
    }
    for expected in cases.decoded {
      #expect(Self.same(tokenizer.decode(expected.ids), expected.decoded), "\(expected.ids)")
    }
  }

  // MARK: Folders

  private func tokenizer(type: String, model: String, as name: String, settings: String? = nil) throws -> Tokenizer {
    let fixture = try TokenizerParityTests.folder("sentencepiece_variants").appending(path: "\(model).model")
    return try withTemporaryFolder { folder in
      try FileManager.default.copyItem(at: fixture, to: folder.appending(path: name))
      try Data("{\"model_type\": \"\(type)\"}".utf8).write(to: folder.appending(path: "config.json"))
      if let settings { try Data(settings.utf8).write(to: folder.appending(path: "tokenizer_config.json")) }
      return try Tokenizer(folder: folder)
    }
  }

  @Test func families() throws {
    let t5 = try tokenizer(type: "t5", model: "unigram_suffix", as: "spiece.model")
    let plain = t5.ids(of: "the cat")
    #expect(try t5.encode("the cat").ids == plain + [2])
    #expect(try t5.encode("the cat", addingSpecialTokens: false).ids == plain)
    #expect(try t5.encode("the", pair: "cat").ids == t5.ids(of: "the") + [2] + t5.ids(of: "cat") + [2])
    #expect(t5.decode(plain + [2]) == t5.decode(plain))
    #expect(t5.decode(plain + [2], skippingSpecialTokens: false).hasSuffix("</s>"))
    #expect(t5.roles.end == 2 && t5.roles.begin == 1 && t5.roles.unknown == 0)
    // After 300 pieces come 100 sentinels, of which the first has the largest id, and the token that the model lacks.
    #expect(t5.id(of: "<extra_id_99>") == 300 && t5.id(of: "<extra_id_0>") == 399 && t5.roles.padding == 400)

    let llama = try tokenizer(type: "llama", model: "bpe_bytes", as: "tokenizer.model")
    #expect(try llama.encode("the cat").ids == [1] + llama.ids(of: "the cat"))
    let settings = "{\"add_bos_token\": false, \"add_eos_token\": true}"
    let other = try tokenizer(type: "llama", model: "bpe_bytes", as: "tokenizer.model", settings: settings)
    #expect(try other.encode("the cat").ids == llama.ids(of: "the cat") + [2])

    let roberta = try tokenizer(type: "xlm-roberta", model: "unigram_suffix", as: "sentencepiece.bpe.model")
    #expect(roberta.ids(of: "the cat") == plain.map { $0 + 1 })
    #expect(roberta.ids(of: "日") == t5.ids(of: "日").map { $0 == 0 ? 3 : $0 + 1 })
    #expect(
      try roberta.encode("the", pair: "cat").ids
        == [0] + roberta.ids(of: "the") + [2, 2] + roberta.ids(of: "cat") + [2])
    #expect(roberta.id(of: "<mask>") == 301 && roberta.vocabularySize == 302)

    #expect(throws: FileFormatError.self) { try tokenizer(type: "mbart", model: "bpe_bytes", as: "spiece.model") }
  }

  @Test func tokenizerJSONComesFirst() throws {
    let tokenizer = try Tokenizer(folder: TokenizerParityTests.folder("sentencepiece_unigram"))
    #expect(!tokenizer.addedTokens.isEmpty)
    #expect(throws: FileFormatError.self) { try withTemporaryFolder { try Tokenizer(folder: $0) } }
  }

  // MARK: Published files outside the package

  static let data = SharedData.url("data")
  static let references = data.appending(path: "tokenizers/reference.json")
  static let stories = data.appending(path: "weights/stories260k")

  static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) }

  struct References: Decodable {
    struct Case: Decodable {
      let text: String
      let albertUnigram: [Int32]
      let unigram1k: [Int32]

      enum CodingKeys: String, CodingKey {
        case text
        case albertUnigram = "albert_unigram"
        case unigram1k = "unigram_1k"
      }
    }
    let cases: [Case]
  }

  @Test(.enabled(if: exists(references), "the published tokenizers are not here")) func publishedModels() throws {
    let cases = try JSONDecoder().decode(References.self, from: Data(contentsOf: Self.references)).cases
    let folder = Self.references.deletingLastPathComponent()
    let albert = try Tokenizer(folder: folder.appending(path: "albert"))
    let small = try Tokenizer(folder: folder.appending(path: "sentencepiece_unigram_1k"))
    #expect(albert.vocabularySize == 30000 && small.vocabularySize == 1000 && cases.count > 8)
    for expected in cases {
      #expect(albert.ids(of: expected.text) == expected.albertUnigram, "\(expected.text)")
      #expect(small.ids(of: expected.text) == expected.unigram1k, "\(expected.text)")
    }
  }

  @Test(.enabled(if: exists(references), "the published tokenizers are not here")) func albertLowersCase() throws {
    let file = Self.references.deletingLastPathComponent().appending(path: "albert/spiece.model")
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(at: file, to: folder.appending(path: "spiece.model"))
      try Data("{\"model_type\": \"albert\"}".utf8).write(to: folder.appending(path: "config.json"))
      let tokenizer = try Tokenizer(folder: folder)
      let encoding = try tokenizer.encode("Hello, Wörld!", pair: "a ``photo''")
      #expect(tokenizer.decode(encoding.ids) == "hello, world! a \"photo\"")
      #expect(encoding.tokens.first == "[CLS]" && encoding.tokens.last == "[SEP]" && encoding.typeIds.last == 1)
      #expect(encoding.ids.first == 2 && encoding.ids.last == 3)
    }
  }

  @Test(.enabled(if: exists(stories), "the weights are not here")) func storiesAreSpelledAlike() throws {
    struct Reference: Decodable {
      let ids: [Int32]
      let text: String
    }
    let reference = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: Self.stories.appending(path: "reference.json")))
    let tokenizer = try Tokenizer(folder: Self.stories)
    #expect(tokenizer.vocabularySize == 512)
    #expect(Self.same(tokenizer.decode(reference.ids), reference.text))
    #expect(try tokenizer.encode(reference.text).ids == reference.ids)
    // The ids are those of llama2.c's own `encode`.
    #expect(
      try tokenizer.encode("Once upon a time, there was a café.\n日").ids == [
        1, 403, 407, 261, 378, 432, 383, 286, 261, 280, 412, 431, 485, 426, 13, 233, 154, 168,
      ])
    #expect(try tokenizer.encode("").ids == [1])
    #expect(try tokenizer.encode("  two").ids == [1, 410, 410, 259, 424, 414])
  }
}
