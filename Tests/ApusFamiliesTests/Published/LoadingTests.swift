// Folders as people have them: shards, half precision, tied tensors under any name, old spellings; and broken ones.
// Read first: ModelFixture.swift.

import Apus
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusPublished
@testable import ApusText
@testable import ApusWeights

@Suite struct LoadingTests {
  /// A copy of a fixture's folder with other fields in its configuration and other tensors.
  private func withFolder<Result>(
    _ fixture: String, configuration changes: [String: Any?] = [:],
    tensors change: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }, _ body: (URL) throws -> Result
  ) throws -> Result {
    try withTemporaryFolder { folder in
      let source = ModelFixture(name: fixture)
      let config = source.folder.appendingPathComponent("config.json")
      var fields = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: config)) as? [String: Any])
      for (key, value) in changes { fields[key] = value ?? NSNull() }
      try JSONSerialization.data(withJSONObject: fields).write(to: folder.appendingPathComponent("config.json"))
      let file = try source.file("model")
      var tensors = try file.entries.map { (name: $0.name, tensor: try file.tensor(named: $0.name)) }
      change(&tensors)
      try SafetensorsWriter.write(tensors, to: folder.appendingPathComponent("model.safetensors"))
      return try body(folder)
    }
  }

  private func problems(
    _ fixture: String, configuration changes: [String: Any?] = [:], head: String? = nil,
    tensors change: (inout [(name: String, tensor: Tensor)]) -> Void = { _ in }
  ) throws -> [String] {
    try withFolder(fixture, configuration: changes, tensors: change) { folder in
      let error = #expect(throws: FileFormatError.self) { _ = try LoadedModel(contentsOf: folder, head: head) }
      return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } ?? []
    }
  }

  private func expectFixtureOutputs(_ folder: URL, _ fixture: String, tolerance: Float = 2e-5) throws {
    let fixture = ModelFixture(name: fixture)
    let outputs = try LoadedModel(contentsOf: folder).outputs(for: fixture.inputs())
    expectEqual(outputs.all, try fixture.tensors("outputs"), relativeToLargest: tolerance, "output")
  }

  // MARK: Weights

  @Test func shardsWithAnIndex() throws {
    try withFolder("bert_pretraining") { folder in
      let single = folder.appendingPathComponent("model.safetensors")
      let file = try SafetensorsFile(contentsOf: single)
      var map: [String: String] = [:]
      for (number, entries) in [file.entries.prefix(20), file.entries.dropFirst(20)].enumerated() {
        let name = "model-0000\(number + 1)-of-00002.safetensors"
        for entry in entries { map[entry.name] = name }
        try SafetensorsWriter.write(
          entries.map { ($0.name, try file.tensor(named: $0.name)) }, to: folder.appendingPathComponent(name))
      }
      try FileManager.default.removeItem(at: single)
      let index = folder.appendingPathComponent("model.safetensors.index.json")
      func writeIndex(_ map: [String: String]) throws {
        try JSONSerialization.data(withJSONObject: ["metadata": ["total_size": 1], "weight_map": map]).write(to: index)
      }
      try writeIndex(map)
      try expectFixtureOutputs(folder, "bert_pretraining")

      map["cls.predictions.bias"] = "model-00001-of-00002.safetensors"
      map["another"] = "../model-00001-of-00002.safetensors"
      map["bert.pooler.dense.bias"] = "model-00003-of-00002.safetensors"
      try writeIndex(map)
      let error = #expect(throws: FileFormatError.self) { _ = try LoadedModel(contentsOf: folder) }
      #expect(error?.path == index.path)
      #expect(error?.problems.count == 4, "\(String(describing: error))")
    }
  }

  @Test(arguments: ["F16", "BF16"]) func halfPrecision(_ type: String) throws {
    try withFolder("bert_model") { folder in
      let weights = folder.appendingPathComponent("model.safetensors")
      let file = try SafetensorsFile(contentsOf: weights)
      var (header, data) = ("", Data())
      for entry in file.entries {
        let start = data.count
        for value in try file.tensor(named: entry.name).scalars {
          let bits = type == "BF16" ? UInt16((value.bitPattern &+ 0x8000) >> 16) : halfBits(value)
          withUnsafeBytes(of: bits.littleEndian) { data.append(contentsOf: $0) }
        }
        header += header.isEmpty ? "{" : ","
        header += "\"\(entry.name)\":{\"dtype\":\"\(type)\",\"shape\":\(entry.shape),"
        header += "\"data_offsets\":[\(start),\(data.count)]}"
      }
      header += "}"
      let size = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
      try (size + Data(header.utf8) + data).write(to: weights)
      // Weights are rounded to 11 or 8 bits.
      try expectFixtureOutputs(folder, "bert_model", tolerance: type == "F16" ? 4e-3 : 4e-2)
    }
  }

  /// The nearest half of a number that is a normal one or rounds to nothing.
  private func halfBits(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16) & 0x8000
    let magnitude = abs(value)
    if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded()) }
    let rounded = magnitude.bitPattern &+ 0xFFF &+ (magnitude.bitPattern >> 13 & 1)
    return sign | UInt16((rounded >> 13) - (112 << 10))
  }

  @Test func tiedTensorsMayHaveAnyOfTheirNames() throws {
    // Twice in the file; only under the output layer's name.
    for keepsTable in [true, false] {
      func change(_ tensors: inout [(name: String, tensor: Tensor)]) {
        let (table, bias) = ("bert.embeddings.word_embeddings.weight", "cls.predictions.bias")
        for (name, tensor) in tensors where name == table { tensors.append(("cls.predictions.decoder.weight", tensor)) }
        for (name, tensor) in tensors where name == bias { tensors.append(("cls.predictions.decoder.bias", tensor)) }
        if !keepsTable { tensors.removeAll { $0.name == table || $0.name == bias } }
      }
      try withFolder("bert_pretraining", tensors: change) { try expectFixtureOutputs($0, "bert_pretraining") }
    }
  }

  @Test func oldSpellingsPositionsAndPrefixes() throws {
    func change(_ tensors: inout [(name: String, tensor: Tensor)]) {
      tensors = tensors.map { name, tensor in
        let old = name.replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
          .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
        return ("bert." + old, tensor)
      }
      tensors.append(("bert.embeddings.position_ids", .range(count: 24)))
      tensors.append(("cls.seq_relationship.weight", .zeros([2, 32])))
    }
    try withFolder("bert_model", tensors: change) { folder in
      try expectFixtureOutputs(folder, "bert_model")
      // Gradients have the file's own names.
      let fixture = ModelFixture(name: "bert_model")
      let (_, gradients) = try LoadedModel(contentsOf: folder).outputsAndGradients(for: fixture.inputs())
      #expect(gradients.contains { $0.name == "bert.encoder.layer.1.output.LayerNorm.gamma" })
      #expect(gradients.count == 39)
    }
  }

  @Test func anotherHeadOfTheSameFile() throws {
    let fixture = ModelFixture(name: "bert_pretraining")
    var inputs = try fixture.inputs()
    for name in ["labels", "next_sentence_label"] { inputs.values[name] = nil }
    let outputs = try fixture.load(head: "BertModel").outputs(for: inputs)
    let expected = try fixture.tensors("outputs")
    expectEqual(
      [("hidden_states.2", try #require(outputs["last_hidden_state"]))],
      expected.filter { $0.key == "hidden_states.2" }, relativeToLargest: 2e-5, "the last hidden state")
    let words = try fixture.load(head: "BertForMaskedLM").outputs(for: inputs)
    expectEqual(
      [("prediction_logits", try #require(words["logits"]))], expected.filter { $0.key == "prediction_logits" },
      relativeToLargest: 2e-5, "the logits")
    #expect(words.loss == nil)
  }

  @Test func tensorErrorsListEverythingByTheFilesNames() throws {
    let found = try problems("bert_sequence_classification") { tensors in
      tensors.removeAll { $0.name == "bert.encoder.layer.1.attention.self.key.weight" || $0.name == "classifier.bias" }
      tensors = tensors.map { name, tensor in
        name == "bert.encoder.layer.0.attention.self.value.bias" ? (name, .zeros([31])) : (name, tensor)
      }
      tensors.append(("bert.encoder.layer.2.output.dense.bias", .zeros([32])))
      tensors.append(("embeddings.LayerNorm.weight", .zeros([32])))
    }
    #expect(
      found == [
        "tensor \"embeddings.LayerNorm.weight\": expected one tensor of this meaning, found "
          + "bert.embeddings.LayerNorm.weight besides it",
        "tensor \"bert.encoder.layer.0.attention.self.value.bias\": expected shape [32], found [31]",
        "tensor \"bert.encoder.layer.1.attention.self.key.weight\": expected shape [32, 32], found nothing",
        "tensor \"classifier.bias\": expected shape [3], found nothing",
        "tensor \"bert.embeddings.LayerNorm.weight\": expected a tensor of SequenceClassifier<BERT>, found one more, "
          + "of shape [32]",
        "tensor \"bert.encoder.layer.2.output.dense.bias\": expected a tensor of SequenceClassifier<BERT>, found one "
          + "more, of shape [32]",
      ])
  }

  // MARK: Configurations

  @Test func valuesThatChangeTheMathematicsAreRefusedTogether() throws {
    let found = try problems(
      "bert_model",
      configuration: [
        "is_decoder": true, "position_embedding_type": "relative_key", "hidden_act": "mish", "hidden_size": 33,
        "num_hidden_layers": 0, "vocab_size": "many", "layer_norm_eps": true, "some_new_key": 1,
      ])
    let keys = [
      "is_decoder", "position_embedding_type", "vocab_size", "num_hidden_layers", "hidden_act", "layer_norm_eps",
      "hidden_size",
    ]
    #expect(found.map { String($0.prefix { $0 != ":" }) } == keys, "\(found)")
  }

  @Test func unknownFamiliesAndHeadsAreToldWhatIsKnown() throws {
    let family = try problems("bert_model", configuration: ["model_type": "mamba"])
    #expect(family.count == 1)
    #expect(family.first?.hasPrefix("model_type: expected one of bart, bert, ") == true)
    #expect(family.first?.hasSuffix("found \"mamba\"") == true)
    let architecture = try problems("bert_model", configuration: ["architectures": ["BertForMultipleChoice"]])
    #expect(architecture.first?.hasPrefix("architectures: expected one of BertModel, BertForPreTraining, ") == true)
    #expect(architecture.first?.hasSuffix("found BertForMultipleChoice") == true)
    #expect(try problems("bert_model", head: "Bert").first?.hasPrefix("head: expected one of BertModel") == true)
    #expect(try problems("bert_model", configuration: ["model_type": nil as Any?]).count == 1)
  }

  @Test func foldersThatAreNone() throws {
    try withTemporaryFolder { folder in
      func message(_ url: URL) -> String {
        #expect(throws: FileFormatError.self) { _ = try LoadedModel(contentsOf: url) }?.description ?? ""
      }
      let missing = folder.appendingPathComponent("none")
      #expect(message(missing).hasSuffix("found no such folder"))
      #expect(message(folder) == "\(folder.path)/config.json: expected a readable file, found no such file")
      try Data("[1]".utf8).write(to: folder.appendingPathComponent("config.json"))
      #expect(message(folder) == "\(folder.path)/config.json: expected an object, found an array of 1")
      try Data("{}".utf8).write(to: folder.appendingPathComponent("config.json"))
      try Data("x".utf8).write(to: folder.appendingPathComponent("pytorch_model.bin"))
      #expect(message(folder).hasSuffix("found only pytorch_model.bin, which must be saved as safetensors first"))
    }
  }

  // MARK: Inputs

  @Test func inputErrorsListEverything() throws {
    let fixture = ModelFixture(name: "bert_sequence_classification")
    var inputs = try fixture.inputs()
    inputs.values["attention_mask"] = .indices(IndexTensor([1, 1], shape: [1, 2]))
    inputs.values["token_type_ids"] = .tensor(Tensor(repeating: 0.5, shape: [4, 10]))
    inputs.values["labels"] = .indices([0, 1, 2, 3])
    inputs.values["inputs_embeds"] = .tensor(.zeros([4, 10, 32]))
    let error = #expect(throws: FileFormatError.self) { _ = try fixture.load().outputs(for: inputs) }
    #expect(
      error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } == [
        "labels, element 3: expected a number from 0 to 2 (or -100), found 3",
        "attention_mask: expected shape [batch 4, length 10], found [1, 2]",
        "token_type_ids: expected whole numbers, found floats",
        "inputs_embeds: expected one of labels, input_ids, attention_mask, token_type_ids, position_ids, found an "
          + "argument that the model does not take",
      ])
    let empty = #expect(throws: FileFormatError.self) { _ = try fixture.load().outputs(for: ModelInputs()) }
    #expect(
      empty?.description
        == "inputs: input_ids: expected whole numbers of shape [batch, length (at most 24)], found nothing")
    var tooLong = ModelInputs(["input_ids": .indices(IndexTensor([Int32](repeating: 5, count: 25), shape: [1, 25]))])
    #expect(throws: FileFormatError.self) { _ = try fixture.load().outputs(for: tooLong) }
    tooLong.values["input_ids"] = .indices(IndexTensor([80], shape: [1, 1]))
    #expect(throws: FileFormatError.self) { _ = try fixture.load().outputs(for: tooLong) }
  }

  @Test func gradientsNeedSomethingToDifferentiate() throws {
    let fixture = ModelFixture(name: "bert_model")
    func message(_ change: (inout ModelInputs) -> Void) throws -> String {
      var inputs = try fixture.inputs()
      change(&inputs)
      let error = #expect(throws: FileFormatError.self) { _ = try fixture.load().outputsAndGradients(for: inputs) }
      return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" }.joined() ?? ""
    }
    #expect(
      try message {
        $0.values["cotangent"] = nil
        $0.values["cotangent.pooler_output"] = nil
      } == "file: expected labels or cotangents, to take gradients of, found neither")
    #expect(
      try message { $0.values["cotangent"] = .tensor(.zeros([3, 10])) }
        == "cotangent: expected floats of shape [3, 10, 32], found [3, 10]")
    #expect(try message { $0.values["cotangent.logits"] = .tensor(.zeros([3])) }.hasPrefix("cotangent.logits: "))
  }
}
