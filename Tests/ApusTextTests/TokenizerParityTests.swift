// Ids, tokens, offsets and decoded texts of all fixtures from Hugging Face's `tokenizers`.
// Read first: Sources/ApusText/Tokenizer/Tokenizer.swift.

import ApusText
import Foundation
import Testing

@Suite struct TokenizerParityTests {
  static let names = [
    "wordpiece", "wordpiece_cased", "byte_bpe_gpt2", "byte_bpe_roberta", "unigram", "sentencepiece_unigram",
  ]

  struct Cases: Decodable {
    let vocabularySize: Int
    let single: [Single]
    let pairs: [Pair]
  }

  struct Single: Decodable {
    let text: String
    let ids: [Int32]
    let tokens: [String]
    let offsets: [[Int]]
    let decoded: String
    let decodedWithSpecialTokens: String
  }

  struct Expected: Decodable {
    let ids: [Int32]
    let tokens: [String]
    let offsets: [[Int]]
    let typeIds: [Int32]
    let attentionMask: [Int32]
    let specialTokensMask: [Int32]
    let sequenceIds: [Int?]
    let overflowing: [Expected]?
  }

  struct Pair: Decodable {
    struct Cut: Decodable {
      let maxLength: Int
      let strategy: String
      let stride: Int
    }

    struct Fill: Decodable {
      let length: Int?
      let direction: String
      let padToMultipleOf: Int?
    }

    let a: String
    let b: String?
    let truncation: Cut?
    let padding: Fill?
    let padToken: String?
  }

  static func folder(_ name: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "Tokenizers/\(name)")
  }

  static func cases<Value: Decodable>(_ name: String, as type: Value.Type = Cases.self) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(contentsOf: folder(name).appending(path: "cases.json")))
  }

  @Test(arguments: names) func singleTexts(_ name: String) throws {
    let tokenizer = try Tokenizer(contentsOf: Self.folder(name).appending(path: "tokenizer.json"))
    let cases = try Self.cases(name)
    #expect(tokenizer.vocabularySize == cases.vocabularySize)
    #expect(cases.single.count == 66)
    for expected in cases.single {
      let encoding = try tokenizer.encode(expected.text)
      #expect(encoding.ids == expected.ids, "\(expected.text)")
      #expect(Self.isEqual(encoding.tokens, expected.tokens), "\(expected.text)")
      #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == expected.offsets, "\(expected.text)")
      #expect(Self.isEqual([tokenizer.decode(expected.ids)], [expected.decoded]), "\(expected.text)")
      let whole = tokenizer.decode(expected.ids, skippingSpecialTokens: false)
      #expect(Self.isEqual([whole], [expected.decodedWithSpecialTokens]), "\(expected.text)")
    }
  }

  @Test(arguments: names) func pairs(_ name: String) throws {
    let original = try Tokenizer(contentsOf: Self.folder(name).appending(path: "tokenizer.json"))
    let inputs = try Self.cases(name).pairs
    let outputs = try Self.cases(name, as: PairResults.self).pairs
    #expect(inputs.count == 12)
    for (input, output) in zip(inputs, outputs) {
      var tokenizer = original
      tokenizer.truncation = input.truncation.map { cut in
        let strategies: [String: Truncation.Strategy] = [
          "longest_first": .longestFirst, "only_first": .onlyFirst, "only_second": .onlySecond,
        ]
        return Truncation(
          maximumLength: cut.maxLength, strategy: strategies[cut.strategy] ?? .longestFirst, stride: cut.stride)
      }
      if let fill = input.padding {
        let token = try #require(input.padToken)
        tokenizer.padding = Padding(
          fill.length.map { .fixed($0) } ?? .longest, id: try #require(tokenizer.id(of: token)), token: token,
          direction: fill.direction == "left" ? .left : .right, multiple: fill.padToMultipleOf)
      }
      let encoding = try tokenizer.encode(input.a, pair: input.b)
      Self.check(encoding, output, "\(name): \(input.a)")
      let parts = output.overflowing ?? []
      #expect(encoding.overflowing.count == parts.count, "\(name): \(input.a)")
      for (part, expected) in zip(encoding.overflowing, parts) { Self.check(part, expected, "\(name): \(input.a)") }
    }
  }

  struct PairResults: Decodable {
    let pairs: [Expected]
  }

  static func check(_ encoding: Encoding, _ expected: Expected, _ text: String) {
    #expect(encoding.ids == expected.ids, "\(text)")
    #expect(isEqual(encoding.tokens, expected.tokens), "\(text)")
    #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == expected.offsets, "\(text)")
    #expect(encoding.typeIds == expected.typeIds, "\(text)")
    #expect(encoding.attentionMask == expected.attentionMask, "\(text)")
    #expect(encoding.specialTokensMask == expected.specialTokensMask, "\(text)")
    #expect(encoding.sequences == expected.sequenceIds, "\(text)")
  }

  /// Compares scalars: `==` would treat the two encodings of "é" as equal.
  static func isEqual(_ a: [String], _ b: [String]) -> Bool {
    a.map { Array($0.unicodeScalars) } == b.map { Array($0.unicodeScalars) }
  }
}
