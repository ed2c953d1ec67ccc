// What Hugging Face's generate wrote: the folders' generate.safetensors, and Fixtures/generation/generation.json.
// Read first: Tests/ApusFamiliesTests/Published/ModelFixture.swift. Read next: GenerationParityTests.swift.

import ApusPublished
import ApusTensor
import ApusWeights
import Foundation
import Testing

@testable import ApusGeneration
@testable import ApusText

/// A model that writes, with the fixture's prompts.
struct WritingFixture {
  let name: String
  let model: any AutoregressiveModel
  /// The prompts or sources, without padding.
  let prompts: [[Int32]]

  init(_ name: String) throws {
    self.name = name
    let fixture = ModelFixture(name: name)
    model = try #require(fixture.load().model as? any AutoregressiveModel)
    let file = try fixture.file("generate")
    let (ids, mask) = (try file.indices(named: "input_ids"), try file.indices(named: "attention_mask"))
    let length = ids.shape[1]
    prompts = (0..<ids.shape[0]).map { row in
      (row * length..<(row + 1) * length).filter { mask.indices[$0] == 1 }.map { ids.indices[$0] }
    }
  }

  func settings() throws -> GenerationSettings {
    try GenerationSettings(contentsOf: ModelFixture(name: name).folder)
  }

  func generate(
    _ settings: GenerationSettings, _ prompts: [[Int32]]? = nil, seed: UInt64 = 1
  ) throws -> [GeneratedSequence] {
    let (prompts, generator) = (prompts ?? self.prompts, RandomGenerator(seed: seed))
    if let model = model as? any ConditionalDecoder {
      return try model.generate(reading: prompts, settings: settings, using: generator)
    }
    return try #require(model as? any CausalDecoder).generate(prompts, settings: settings, using: generator)
  }

  /// The expected ids of a row up to its first end token behind the prompt (or start token): what follows is filler.
  func trimmed(_ ids: [Int32], row: Int, _ ends: [Int32]) -> [Int32] {
    let start = model is any ConditionalDecoder ? 1 : prompts[row].count
    let end = ids.dropFirst(start).firstIndex { ends.contains($0) }
    return Array(ids.prefix(end.map { $0 + 1 } ?? ids.count))
  }
}

/// One case of generation.json.
struct GenerationCase: Decodable, Sendable {
  struct Settings: Decodable, Sendable {
    var maxNewTokens: Int
    var minNewTokens: Int?
    var repetitionPenalty: Float?
    var noRepeatNgramSize: Int?
    var badWordsIds: [[Int32]]?
    var suppressTokens: [Int32]?
    var beginSuppressTokens: [Int32]?
    var forcedBosTokenId: Int32?
    var forcedEosTokenId: Int32?
    var numBeams: Int?
    var lengthPenalty: Float?
    var earlyStopping: Stopping?
  }

  /// true, false or "never".
  enum Stopping: Decodable, Sendable {
    case flag(Bool)
    case word(String)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        self = .flag(flag)
      } else {
        self = .word(try value.decode(String.self))
      }
    }
  }

  var model: String
  var settings: Settings
  var sequences: [[Int32]]
  var scores: [Float]?

  static func all() throws -> [GenerationCase] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let url = ModelFixture(name: "generation").folder.appendingPathComponent("generation.json")
    return try decoder.decode([GenerationCase].self, from: Data(contentsOf: url))
  }

  /// The case's settings on top of the folder's.
  func applied(to base: GenerationSettings) -> GenerationSettings {
    var result = base
    let s = settings
    result.maximumNewTokens = s.maxNewTokens
    result.minimumNewTokens = s.minNewTokens ?? 0
    result.repetitionPenalty = s.repetitionPenalty ?? 1
    result.noRepeatNGramSize = s.noRepeatNgramSize ?? 0
    result.badWords = s.badWordsIds ?? []
    result.suppressedTokens = s.suppressTokens ?? []
    result.suppressedFirstTokens = s.beginSuppressTokens ?? []
    result.forcedFirstToken = s.forcedBosTokenId
    if let last = s.forcedEosTokenId { result.forcedLastToken = last }
    result.beams = s.numBeams ?? 1
    result.lengthPenalty = s.lengthPenalty ?? 1
    switch s.earlyStopping {
    case .flag(true): result.earlyStopping = .always
    case .word: result.earlyStopping = .whenImpossible
    default: result.earlyStopping = .whenNoBetter
    }
    return result
  }
}
