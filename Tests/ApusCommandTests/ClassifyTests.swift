// Tests of `apus classify`: rankings by probability, and CLIP's zero-shot classification.
// Read first: Sources/ApusCommand/Verbs/ClassifyCommand.swift.

import Apus
import ApusMultimodal
import ApusPublished
import ApusTensor
import ApusText
import Foundation
import Testing

@testable import ApusCommand

@Suite struct ClassifyTests {
  @Test func theLikeliestComesFirst() {
    let ranking = Ranking(scores: Tensor([[1, 3, -2, 3]].flatMap { $0 }, shape: [1, 4]), names: ["a", "b", "c", "d"])
    #expect(ranking.entries.map(\.name) == ["b", "d", "a", "c"])
    #expect(abs(ranking.entries.map(\.probability).reduce(0, +) - 1) < 1e-6)
    #expect(ranking.lines(top: 3) == [" 46.68 %  b", " 46.68 %  d", "  6.32 %  a"])
    #expect(ranking.lines(top: 9).count == 4)
  }

  @Test func scoresThatAreNoNumbersAreStillListed() {
    let ranking = Ranking(scores: Tensor([.nan, 1], shape: [1, 2]), names: ["a", "b"])
    #expect(ranking.lines(top: 5).count == 2)
  }

  // MARK: CLIP

  private var clip: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("ApusFamiliesTests/Fixtures/clip_zero_shot")
  }

  private struct Expected: Decodable {
    struct Case: Decodable {
      let picture: String
      let labels: [String]
      let probabilities: [Float]
    }
    let cases: [Case]
    let ids: [[Int32]]
  }

  private func verb(_ words: [String]) throws -> ClassifyCommand {
    guard case .run(let verb as ClassifyCommand) = Tool.apus.outcome(of: ["classify"] + words) else {
      throw CommandFailure("refused")
    }
    return verb
  }

  /// A CLIP with random weights, its tokenizer and images. The fixture's generate.py computed the probabilities with
  /// transformers.
  @Test func zeroShotAsInTransformers() throws {
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: clip.appendingPathComponent("expected.json")))
    let folder = clip.appendingPathComponent("model")
    let loaded = try LoadedModel(contentsOf: folder)
    let tokenizer = try Tokenizer(folder: folder)
    #expect(expected.cases.count == 2)
    for example in expected.cases {
      #expect(try tokenizer.encode(batch: example.labels).map(\.ids) == expected.ids)
      let picture = clip.appendingPathComponent(example.picture).path
      let words = [folder.path, picture, "--labels", example.labels.joined(separator: ", ")]
      let ranking = try verb(words).ranking(loaded, picture)
      for (label, probability) in zip(example.labels, example.probabilities) {
        let found = try #require(ranking.entries.first { $0.name == label }?.probability)
        #expect(abs(found - probability) < 1e-4, "\(example.picture), \(label): \(found) for \(probability)")
      }
    }
  }

  @Test func severalInputs() throws {
    #expect(try verb(["model", "one.png", "--top", "2", "two words"]).inputs == ["one.png", "two words"])
    #expect(try verb(["model", "--", "-x"]).inputs == ["-x"])
  }

  @Test func whatScoresMean() throws {
    let loaded = try LoadedModel(contentsOf: clip.appendingPathComponent("model"))
    let (verb, scores) = (try verb(["model", "x", "--top", "2"]), Tensor([0, 2, -2], shape: [1, 3]))
    #expect(verb.lines(of: scores, .severalClasses, loaded) == [" 88.08 %  class 1", " 50.00 %  class 0"])
    #expect(verb.lines(of: scores, .regression, loaded) == ["0.0000  class 0", "2.0000  class 1", "-2.0000  class 2"])
    #expect(verb.lines(of: scores, nil, loaded) == [" 86.68 %  class 1", " 11.73 %  class 0"])
    #expect(verb.lines(of: Tensor([2.5], shape: [1, 1]), nil, loaded) == ["2.5000  class 0"])
  }

  @Test func whatCLIPNeeds() throws {
    let folder = clip.appendingPathComponent("model")
    let (loaded, picture) = (try LoadedModel(contentsOf: folder), clip.appendingPathComponent("wide.png").path)
    let error = #expect(throws: CommandFailure.self) { _ = try verb([folder.path, picture]).ranking(loaded, picture) }
    #expect(error?.lines == ["\(folder.path): CLIP needs --labels, such as --labels \"a cat,a dog\""])
    #expect(throws: (any Error).self) {
      let file = folder.path + "/config.json"
      _ = try verb([folder.path, file, "--labels", "a,b"]).ranking(loaded, file)
    }
  }
}
