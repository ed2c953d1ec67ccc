// Saving and loading a GPT: the same bits back, and errors that list everything that is wrong with a folder.
// Read first: GPTParityTests.swift, where a checkpoint of Hugging Face's library is loaded.

import Apus
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusLanguage
@testable import ApusPublished
@testable import ApusText
@testable import ApusWeights

@Suite struct GPTCheckpointTests {
  /// Saves the fixture's model into a folder, replaces entries of its config.json and tensors, and loads it.
  private func load(
    configuration changes: [String: Any?] = [:], tensors: (inout [String: Tensor]) -> Void = { _ in }
  ) throws -> GPT {
    try withTemporaryFolder { folder in
      try GPTFixture.model().save(to: folder)
      let config = folder.appendingPathComponent("config.json")
      var fields = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: config)) as? [String: Any])
      for (key, value) in changes { fields[key] = value }
      try JSONSerialization.data(withJSONObject: fields).write(to: config)
      let weights = folder.appendingPathComponent("model.safetensors")
      let file = try SafetensorsFile(contentsOf: weights)
      var all: [String: Tensor] = [:]
      for entry in file.entries { all[entry.name] = try file.tensor(named: entry.name) }
      tensors(&all)
      try SafetensorsWriter.write(all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: weights)
      return try GPT.load(contentsOf: folder)
    }
  }

  /// The problems that loading with these changes of config.json reports.
  private func problems(_ changes: [String: Any?]) -> [String] {
    let error = #expect(throws: FileFormatError.self) { try load(configuration: changes) }
    #expect(error?.path.hasSuffix("config.json") == true)
    return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } ?? []
  }

  @Test func savedModelsComeBackBitForBit() throws {
    for (index, activation) in Activation.allCases.enumerated() where activation != .sigmoid {
      let configuration = GPT.Configuration(
        vocabularySize: 11, contextLength: 6, layers: 3, heads: 2, width: 8, intermediateSize: index == 0 ? 5 : nil,
        activation: activation, dropout: 0.1, epsilon: 1e-6)
      let model = withSeed(UInt64(index)) { GPT(configuration) }
      try withTemporaryFolder { folder in
        try model.save(to: folder)
        let loaded = try GPT.load(contentsOf: folder)
        #expect(loaded.configuration == configuration)
        #expect(loaded.stateDictionary.names == model.stateDictionary.names)
        for (name, tensor) in model.stateDictionary.entries {
          #expect(loaded.stateDictionary[name] == tensor, "\(name)")
        }
        let ids = IndexTensor([1, 10, 0, 7], shape: [1, 4])
        #expect(loaded(ids) == model(ids))
      }
    }
  }

  @Test func savedTensorsHaveTheNamesAndShapesOfTheOriginal() throws {
    try withTemporaryFolder { folder in
      try GPTFixture.model().save(to: folder)
      let ours = try SafetensorsFile(contentsOf: folder.appendingPathComponent("model.safetensors"))
      let theirs = try GPTFixture.file("model")
      #expect(Set(ours.entries.map(\.name)) == Set(theirs.entries.map(\.name)))
      for entry in theirs.entries {
        #expect(try ours.tensor(named: entry.name) == theirs.tensor(named: entry.name), "\(entry.name)")
      }
    }
  }

  @Test func aLoadedModelCanBeTrainedAndItsFileOverwritten() throws {
    try withTemporaryFolder { folder in
      try GPTFixture.model().save(to: folder)
      let model = try GPT.load(contentsOf: folder)
      let before = model.tokenEmbedding.weight.scalars
      // The loaded tensors may still lie in the file.
      let other = withSeed(1) { GPT(model.configuration) }
      try other.save(to: folder)
      #expect(model.tokenEmbedding.weight.scalars == before)
      try model.save(to: folder)
      #expect(try GPT.load(contentsOf: folder).tokenEmbedding.weight.scalars == before)
    }
  }

  @Test func namesWithoutPrefixAndRedundantTensorsAreFine() throws {
    let model = try load { tensors in
      for (name, tensor) in tensors {
        tensors[name] = nil
        tensors[String(name.dropFirst("transformer.".count))] = tensor
      }
      tensors["h.0.attn.bias"] = .ones([1, 1, 40, 40])
      tensors["h.1.attn.masked_bias"] = Tensor(-10_000)
      tensors["lm_head.weight"] = .zeros([80, 32])
    }
    #expect(try model.tokenEmbedding.weight == GPTFixture.model().tokenEmbedding.weight)
  }

  @Test func configurationsOfOtherModels() {
    #expect(problems(["model_type": "llama2"]) == ["model_type: expected gpt2, found \"llama2\""])
    let activations = problems(["activation_function": "mish"])
    #expect(activations.count == 1)
    #expect(activations.first?.hasPrefix("activation_function: expected one of \"gelu\", ") == true)
    #expect(activations.first?.hasSuffix("found \"mish\"") == true)
    #expect(problems(["tie_word_embeddings": false]) == ["tie_word_embeddings: expected true, found false"])
    #expect(problems(["scale_attn_weights": false]) == ["scale_attn_weights: expected true, found false"])
    #expect(
      problems(["scale_attn_by_inverse_layer_idx": true]) == [
        "scale_attn_by_inverse_layer_idx: expected false, found true"
      ])
    #expect(problems(["n_head": 5]) == ["n_embd: expected a multiple of n_head, 5, found 32"])
    #expect(problems(["n_head": 0]) == ["n_head: expected a whole number from 1 to 2147483647, found 0"])
    #expect(
      problems(["resid_pdrop": 1]) == ["resid_pdrop: expected a probability of at least 0 and below 1, found 1.0"])
  }

  @Test func severalConfigurationProblemsAtOnce() {
    let found = problems([
      "scale_attn_weights": false, "activation_function": "relu6", "add_cross_attention": true, "n_layer": 0,
      "n_embd": 33,
    ])
    let beginnings = ["scale_attn_weights:", "activation_function:", "add_cross_attention:", "n_layer:", "n_embd:"]
    #expect(found.count == beginnings.count)
    for beginning in beginnings { #expect(found.contains { $0.hasPrefix(beginning) }, "\(beginning) in \(found)") }
  }

  @Test func fieldsThatAreMissingOrOfAnotherType() {
    #expect(
      problems(["n_embd": "wide", "layer_norm_epsilon": [1], "n_layer": 1.5]) == [
        "n_layer: expected a whole number from 1 to 2147483647, found 1.5",
        "n_embd: expected a whole number from 1 to 2147483647, found \"wide\"",
        "layer_norm_epsilon: expected a number, found an array of 1",
      ])
  }

  @Test func configurationsThatAreNoJSON() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("config.json")
      #expect(throws: FileFormatError.self) { try GPT.load(contentsOf: folder) }
      try Data("{\"n_embd\": ".utf8).write(to: url)
      let error = #expect(throws: FileFormatError.self) { try GPT.configuration(contentsOf: url) }
      #expect(error?.description == "\(url.path): byte 11: expected a value, found the end of the JSON text")
    }
  }

  @Test func theWeightsAreMissingOrGarbage() throws {
    try withTemporaryFolder { folder in
      try GPTFixture.model().save(to: folder)
      let weights = folder.appendingPathComponent("model.safetensors")
      try Data("not safetensors at all".utf8).write(to: weights)
      #expect(throws: FileFormatError.self) { try GPT.load(contentsOf: folder) }
      try FileManager.default.removeItem(at: weights)
      let error = #expect(throws: FileFormatError.self) { try GPT.load(contentsOf: folder) }
      #expect(error?.path.hasSuffix("model.safetensors") == true)
    }
  }

  @Test func tensorErrorsListEverything() {
    let error = #expect(throws: FileFormatError.self) {
      try load { tensors in
        tensors["transformer.h.0.ln_1.bias"] = nil
        tensors["transformer.wpe.weight"] = nil
        tensors["transformer.h.1.mlp.c_fc.weight"] = .zeros([32, 100])
        tensors["transformer.h.1.attn.c_attn.weight"] = .zeros([96])
        tensors["transformer.h.2.ln_1.weight"] = .ones([32])
      }
    }
    let found = error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" }
    #expect(
      found == [
        "tensor \"transformer.wpe.weight\": expected shape [40, 32], found nothing",
        "tensor \"transformer.h.0.ln_1.bias\": expected shape [32], found nothing",
        "tensor \"transformer.h.1.attn.c_attn.weight\": expected shape [32, 96], found [96]",
        "tensor \"transformer.h.1.mlp.c_fc.weight\": expected shape [32, 128], found [32, 100]",
        "tensor \"transformer.h.2.ln_1.weight\": expected a tensor of GPT, found one more, of shape [32]",
      ])
  }
}
