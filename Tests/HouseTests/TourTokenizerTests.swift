// The code of the tour's chapter on tokenizers does what it says, and agrees with the package's tokenizers.
// Read first: ExamplesTests.swift.

import Apus
import Foundation
import Testing

@Suite struct TourTokenizerTests {
  private let words = ["swift", "swifter", "swiftest", "fast", "faster", "fastest", "lift", "lifted"]

  /// A tokenizer with this model, from a file.
  private func tokenizer(_ model: [String: Any], _ normalizer: [String: Any]? = nil) throws -> Tokenizer {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-tour-\(UUID().uuidString).json")
    var file: [String: Any] = ["model": model]
    if let normalizer { file["normalizer"] = normalizer }
    try JSONSerialization.data(withJSONObject: file).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try Tokenizer(contentsOf: url)
  }

  @Test func mergesInTheOrderInWhichTheyWereLearned() throws {
    let merges = learnMerges(words, count: 9)
    #expect(
      merges == [
        ["f", "t"], ["i", "ft"], ["s", "t"], ["a", "st"], ["f", "ast"], ["ift", "e"], ["s", "w"], ["fast", "e"],
        ["sw", "ifte"],
      ])
    #expect(pieces(of: "fasted", merges) == ["faste", "d"])
    #expect(pieces(of: "lifter", merges) == ["l", "ifte", "r"])
    let symbols = Set(words.joined().map { String($0) }).sorted() + merges.map { $0.joined() }
    let vocabulary = Dictionary(uniqueKeysWithValues: symbols.enumerated().map { ($1, $0) })
    let tokenizer = try tokenizer(["type": "BPE", "vocab": vocabulary, "merges": merges])
    for word in words + ["fasted", "lifter", "swifted", "fat", "testestestswiftfast"] {
      #expect(try tokenizer.encode(word).tokens == pieces(of: word, merges))
    }
  }

  @Test func theLikeliestPieces() throws {
    var scores = ["swift": -3, "swifte": -6, "er": -2.5, "est": -2.5, "s": -5, "w": -5, "i": -5, "f": -5, "t": -5]
    scores.merge(["e": -5, "r": -5]) { $1 }
    #expect(likeliestPieces(of: "swifter", scores) == ["swift", "er"])
    let vocabulary: [[Any]] = [["?", -20.0]] + scores.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
    let tokenizer = try tokenizer(["type": "Unigram", "unk_id": 0, "vocab": vocabulary])
    for word in ["swifter", "swiftest", "swifte", "rest", "fester", "wrist", "swiftererest"] {
      #expect(try tokenizer.encode(word).tokens == likeliestPieces(of: word, scores))
    }
  }

  @Test func offsetsAreThoseOfTheOriginal() throws {
    let normalizer: [String: Any] = [
      "type": "Sequence", "normalizers": [["type": "NFD"], ["type": "StripAccents"], ["type": "Lowercase"]],
    ]
    let scores: [[Any]] = [["?", -9.0], ["les", -1.0], [" eleves", -1.0], [" naifs", -1.0]]
    let tokenizer = try tokenizer(["type": "Unigram", "unk_id": 0, "vocab": scores], normalizer)
    #expect(try offsetsExample(tokenizer) == ["Les", " élèves", " naïfs"])
  }
}
