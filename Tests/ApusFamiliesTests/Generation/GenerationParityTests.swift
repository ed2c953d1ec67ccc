// Text beside Hugging Face's generate: greedy, beams, penalties, forbidden and forced tokens; the pronunciations of g2p-bart.
// Read first: GenerationFixture.swift.

import Apus
import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusGeneration
@testable import ApusLanguage
@testable import ApusPublished
@testable import ApusText

@Suite struct GenerationParityTests {
  private static let names = ["gpt2_lm", "llama_lm", "bart", "marian", "t5_relu", "t5_gated_gelu"]

  @Test(arguments: names + ["llama_lm"]) func greedyIDsAreEqual(name: String) throws {
    let fixture = try WritingFixture(name)
    var settings = try fixture.settings()
    settings.maximumNewTokens = 24
    let expected = try ModelFixture(name: name).file("generate").indices(named: "greedy.sequences")
    try expectEqual(fixture, settings, expected)
  }

  @Test(arguments: names.dropFirst(2)) func beamSearchIsEqual(name: String) throws {
    let fixture = try WritingFixture(name)
    var settings = try fixture.settings()
    (settings.maximumNewTokens, settings.beams) = (20, 4)
    let file = try ModelFixture(name: name).file("generate")
    let results = try expectEqual(fixture, settings, file.indices(named: "beam4.sequences"))
    let scores = try file.tensor(named: "beam4.sequences_scores").scalars
    for (result, score) in zip(results, scores) { #expect(abs((result.score ?? 0) - score) <= 1e-5) }
  }

  @discardableResult
  private func expectEqual(
    _ fixture: WritingFixture, _ settings: GenerationSettings, _ expected: IndexTensor
  ) throws -> [GeneratedSequence] {
    let results = try fixture.generate(settings)
    let length = expected.shape[1]
    #expect(results.count == expected.shape[0])
    for (row, result) in results.enumerated() {
      let theirs = Array(expected.indices[row * length..<(row + 1) * length])
      #expect(result.ids == fixture.trimmed(theirs, row: row, settings.endTokens), "\(fixture.name), row \(row)")
      #expect(Set(result.newIDs).count > 1)
    }
    return results
  }

  @Test(arguments: names) func otherSettingsAreEqual(name: String) throws {
    let fixture = try WritingFixture(name)
    let cases = try GenerationCase.all().filter { $0.model == name }
    #expect(cases.count >= 10)
    for example in cases {
      let settings = example.applied(to: try fixture.settings())
      let results = try fixture.generate(settings)
      #expect(results.count == example.sequences.count)
      for (row, result) in results.enumerated() {
        let theirs = fixture.trimmed(example.sequences[row], row: row, settings.endTokens)
        #expect(result.ids == theirs, "\(name), row \(row), \(example.settings)")
        if let score = example.scores?[row], result.ids == theirs {
          #expect(abs((result.score ?? 0) - score) <= 1e-5 * max(1, abs(score)), "\(name), \(example.settings)")
        }
      }
    }
  }

  /// Real weights, which stand beside the repository and not in it.
  @Test(.enabled(if: G2P.isThere, "skipped: ../shared/data/weights/g2p-bart is missing"))
  func wordsArePronounced() throws {
    let loaded = try LoadedModel(contentsOf: G2P.folder)
    let model = try #require(loaded.model as? BART)
    let settings = try GenerationSettings(contentsOf: G2P.folder)
    #expect(settings.endTokens == [2] && settings.maximumNewTokens == 64)
    let reference = try JSONDecoder().decode(
      [String: G2P.Entry].self, from: Data(contentsOf: G2P.folder.appendingPathComponent("reference.json")))
    #expect(reference.count == 10)
    let words = reference.keys.sorted()
    let entries = words.compactMap { reference[$0] }
    // One by one and all together, with padding.
    let together = try model.generate(reading: entries.map(\.input_ids), settings: settings)
    for (index, entry) in entries.enumerated() {
      let alone = try model.generate(reading: [entry.input_ids], settings: settings)[0]
      #expect(alone.ids == entry.output_ids + [2], "\(words[index])")
      #expect(together[index].ids == alone.ids, "\(words[index])")
      #expect(alone.finish == .endToken)
    }
  }
}

private enum G2P {
  // The file's own keys.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct Entry: Decodable {
    var input_ids: [Int32]
    var output_ids: [Int32]
  }

  static var folder: URL { SharedData.url("data/weights/g2p-bart") }

  static var isThere: Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent("config.json").path) }
}
