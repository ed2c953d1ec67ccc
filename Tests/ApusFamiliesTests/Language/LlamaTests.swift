// Llama: sizes, what no fixture shows, the variants of its configuration, and real weights.
// Read first: Tests/ApusFamiliesTests/Published/FixtureParityTests.swift, which compares outputs and gradients.

import Apus
import ApusNN
import ApusTensor
import ApusTesting
import ApusTraining
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusGeneration
@testable import ApusLanguage
@testable import ApusPublished
@testable import ApusWeights

@Suite struct LlamaTests {
  private let tiny = Llama.Configuration(
    vocabularySize: 11, contextLength: 8, layers: 2, heads: 4, keyValueHeads: 2, width: 12, headSize: 4,
    intermediateSize: 10)

  private func ids(_ numbers: [Int32], _ rows: Int = 1) -> IndexTensor {
    IndexTensor(numbers, shape: [rows, numbers.count / rows])
  }

  @Test func publishedSizes() {
    #expect(Llama.Configuration.llama2Of7B.parameterCount == 6_738_415_616)
    #expect(Llama.Configuration.llama3Of1B.parameterCount == 1_235_814_400)
    for hasBiases in [false, true] {
      var configuration = tiny
      (configuration.hasAttentionBias, configuration.hasFeedForwardBias) = (hasBiases, hasBiases)
      configuration.isTied = hasBiases
      #expect(Llama(configuration).parameterCount == configuration.parameterCount)
    }
  }

  @Test func nothingLeaksFromTheFuture() {
    let model = withSeed(1) { Llama(tiny) }
    let (a, b) = (model(ids([1, 2, 3, 4, 5])), model(ids([1, 2, 3, 9, 10])))
    #expect(a.slice(0..<3, along: 1) == b.slice(0..<3, along: 1))
    #expect(a.slice(3..<5, along: 1) != b.slice(3..<5, along: 1))
  }

  /// Only distances count: tokens that all stand later see the same.
  @Test func positionsAreRelative() {
    let model = withSeed(2) { Llama(tiny) }
    let text = ids([3, 1, 4, 1, 5])
    func states(_ positions: IndexTensor?) -> [Tensor] {
      let record = ForwardRecord()
      _ = model.hiddenStates(text, positions: positions, observer: record.observer)
      return record.hiddenStates
    }
    #expect(states(nil).count == 3)
    for (a, b) in zip(states(nil), states(ids([7, 8, 9, 10, 11]))) {
      #expect(Comparison(a, b, absolute: 1e-5, relativeToLargest: 1e-5).isClose)
    }
  }

  @Test func gradientsOfTheWholeModel() {
    let model = withSeed(3) { Llama(tiny) }
    let (text, targets) = (ids([1, 2, 3, 4, 5, 6], 2), ids([2, 3, 4, 5, 6, 7], 2))
    // Weights of deviation 0.02 leave gradients near rounding.
    for variable in model.parameters { variable.value = variable.value * 5 }
    let report = checkGradients(ofParameters: model.namedParameters) { crossEntropy(model(text), targets) }
    #expect(report.passed, "\(report)")
  }

  @Test func eightExamplesAreLearnedByHeart() {
    let model = withSeed(4) { Llama(tiny) }
    var numbers: [Int32] = []
    for row in 0..<8 { for place in 0..<6 { numbers.append(Int32((row * 7 + place * place * (row + 1)) % 11)) } }
    let examples = ids(numbers, 8)
    let optimizer = AdamW(model.parameters, learningRate: 1e-2)
    var last: Float = 0
    for _ in 0..<150 {
      let (loss, gradients) = valueAndGradients { crossEntropy(model(examples), examples.shiftedToNext) }
      optimizer.step(gradients.clipped(toNorm: 1))
      last = loss.scalar
    }
    #expect(last < 0.5, "loss \(last)")
  }

  /// With a cache, in pieces, with padding in front: the same scores.
  @Test func theCacheChangesNothing() {
    for pairing in [RotaryPairing.halves, .neighbors] {
      var configuration = tiny
      configuration.rotaryPairing = pairing
      let model = withSeed(5) { Llama(configuration) }
      let whole = model(ids([3, 1, 4, 1, 5]))
      let state = model.makeState(rows: 2, capacity: 8, padding: [2, 0])
      let rows = ids([0, 0, 3, 1, 4, 1, 5, 3, 1, 4, 1, 5, 9, 2], 2)
      var pieces: [Tensor] = []
      for (start, end) in [(0, 3), (3, 4), (4, 7)] {
        let piece = (0..<2).flatMap { row in rows.indices[row * 7 + start..<row * 7 + end] }
        pieces.append(model.logits(after: ids(piece, 2), state: state, isLastOnly: false))
      }
      let scores = concatenated(pieces, along: 1)
      for (row, first) in [(0, 2), (1, 0)] {
        let part = scores.slice(row..<row + 1).slice(first..<first + 5, along: 1)
        #expect(Comparison(part, whole, absolute: 1e-6, relativeToLargest: 1e-5).isClose, "\(pairing), row \(row)")
      }
    }
  }

  // MARK: Configurations

  /// The fixture's folder with another config.json.
  private func load(_ changes: [String: Any], dropping: [String] = []) throws -> LoadedModel {
    let fixture = ModelFixture(name: "llama_lm")
    return try withTemporaryFolder { folder in
      let config = try Data(contentsOf: fixture.folder.appendingPathComponent("config.json"))
      var fields = try #require(try JSONSerialization.jsonObject(with: config) as? [String: Any])
      for (key, value) in changes { fields[key] = value }
      try JSONSerialization.data(withJSONObject: fields)
        .write(to: folder.appendingPathComponent("config.json"))
      let weights = try fixture.tensors("model").filter { !dropping.contains($0.key) }
      try SafetensorsWriter.write(
        weights.map { ($0.key, $0.value) }, to: folder.appendingPathComponent("model.safetensors"))
      return try LoadedModel(contentsOf: folder)
    }
  }

  private static var variants: [String: [String: Any]] {
    let url = ModelFixture.root.appendingPathComponent("llama_variants.json")
    let object = (try? Data(contentsOf: url)).flatMap { try? JSONSerialization.jsonObject(with: $0) }
    return object as? [String: [String: Any]] ?? [:]
  }

  @Test(arguments: variants.keys.sorted()) func variantsAgree(_ name: String) throws {
    let file = try SafetensorsFile(
      contentsOf: ModelFixture.root.appendingPathComponent("llama_variants.safetensors"))
    let loaded = try load(#require(Self.variants[name]), dropping: name == "tied" ? ["lm_head.weight"] : [])
    let outputs = try loaded.outputs(for: ModelInputs(["input_ids": .indices(file.indices(named: "input_ids"))]))
    let logits = try #require(outputs["logits"])
    let comparison = Comparison(
      logits, try file.tensor(named: name + ".logits"), absolute: 1e-6, relativeToLargest: 2e-5)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func allVariantsAreThere() { #expect(Self.variants.count == 13) }

  @Test func configurationsThatCannotBe() throws {
    func problems(_ changes: [String: Any]) -> [String] {
      let error = #expect(throws: FileFormatError.self) { try load(changes) }
      return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } ?? []
    }
    #expect(problems(["num_attention_heads": 3]).count == 1)
    #expect(problems(["head_dim": 7]) == ["head_dim: expected heads of an even size, found 7"])
    let found = problems([
      "hidden_act": "mish", "rope_parameters": ["rope_type": "longrope", "rope_theta": 0.5], "num_key_value_heads": 0,
    ])
    for beginning in ["hidden_act:", "rope_parameters.rope_type:", "rope_theta:", "num_key_value_heads:"] {
      #expect(found.contains { $0.hasPrefix(beginning) }, "\(beginning) in \(found)")
    }
    let impossible = problems([
      "rope_parameters": ["rope_type": "llama3", "factor": -1, "low_freq_factor": 4, "high_freq_factor": 1]
    ])
    #expect(impossible.count == 2)
  }

  /// The base grows beyond max_position_embeddings; what the file calls the original length says nothing there.
  @Test func dynamicScalingBeginsBehindTheLastPosition() throws {
    let parameters: [String: Any] = [
      "rope_type": "dynamic", "rope_theta": 500, "factor": 2, "original_max_position_embeddings": 4,
    ]
    let loaded = try load(["max_position_embeddings": 9, "rope_parameters": parameters])
    let model = try #require(loaded.model as? Llama)
    #expect(model.configuration.rotaryScaling == .dynamic(factor: 2, originalLength: 9))
  }

  @Test func theBareModelHasHiddenVectors() throws {
    let fixture = ModelFixture(name: "llama_lm")
    var inputs = try fixture.inputs()
    inputs.values["labels"] = nil
    let outputs = try fixture.load(head: "LlamaModel").outputs(for: inputs)
    #expect(outputs["last_hidden_state"]?.shape == [3, 10, 32])
    #expect(outputs["last_hidden_state"] == outputs["hidden_states.2"])
  }

  // MARK: Real weights

  @Test(.enabled(if: RealWeights.exist("stories260k"), "the weights are not here"))
  func storiesAreToldAlike() throws {
    let folder = RealWeights.folder("stories260k")
    let model = try Llama.load(contentsOf: folder)
    #expect(model.configuration.rotaryPairing == .neighbors)
    let reference = try RealWeights.reference("stories260k")
    let expected = try #require(reference["ids"] as? [Int]).map { Int32($0) }
    // At every position of the text the likeliest token is the next one.
    let logits = model(IndexTensor(expected, shape: [1, expected.count]))
    let likeliest = logits.argMax(along: -1).indices
    #expect(Array(likeliest.dropLast()) == Array(expected.dropFirst()))
    let told = try model.generate([[1]], settings: GenerationSettings(maximumNewTokens: expected.count - 1))
    #expect(told[0].ids == expected)
  }
}
