// Configurations that ask for the impossible: sizes that no memory holds, products that no register holds, a billion layers.
// Read first: LoadingTests.swift. ApusFiles/JSON/ConfigurationReader+Sizes.swift is what is attacked.

import Apus
import ApusFiles
import ApusLanguage
import ApusNN
import ApusPublished
import ApusTensor
import ApusTesting
import Foundation
import Testing

@Suite struct HostileConfigurationTests {
  /// A family's fixture, and the keys of its sizes.
  struct Case: CustomTestStringConvertible {
    let fixture: String
    /// Lengths of axes: each may be too large, and all at once.
    let sizes: [String]
    let layers: [String]
    /// The heads of attentions, which must divide something.
    let heads: [String]

    var testDescription: String { fixture }

    init(_ fixture: String, sizes: String, layers: String, heads: String) {
      func list(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
      (self.fixture, self.sizes, self.layers, self.heads) = (fixture, list(sizes), list(layers), list(heads))
    }
  }

  static let cases: [Case] = [
    Case(
      "bert_model", sizes: "vocab_size hidden_size intermediate_size max_position_embeddings type_vocab_size",
      layers: "num_hidden_layers", heads: "num_attention_heads"),
    Case(
      "roberta_masked_lm", sizes: "vocab_size hidden_size intermediate_size max_position_embeddings type_vocab_size",
      layers: "num_hidden_layers", heads: "num_attention_heads"),
    Case(
      "distilbert_sequence_classification", sizes: "vocab_size dim hidden_dim max_position_embeddings",
      layers: "n_layers", heads: "n_heads"),
    Case("gpt2_lm", sizes: "vocab_size n_embd n_inner n_positions", layers: "n_layer", heads: "n_head"),
    Case(
      "llama_lm", sizes: "vocab_size hidden_size intermediate_size head_dim", layers: "num_hidden_layers",
      heads: "num_attention_heads"),
    Case(
      "t5_relu", sizes: "vocab_size d_model d_ff d_kv relative_attention_num_buckets",
      layers: "num_layers num_decoder_layers", heads: "num_heads"),
    Case(
      "bart", sizes: "vocab_size d_model max_position_embeddings encoder_ffn_dim decoder_ffn_dim",
      layers: "encoder_layers decoder_layers", heads: "encoder_attention_heads decoder_attention_heads"),
    Case(
      "marian", sizes: "vocab_size d_model encoder_ffn_dim decoder_ffn_dim", layers: "encoder_layers decoder_layers",
      heads: "encoder_attention_heads decoder_attention_heads"),
    Case(
      "vit_image_classification", sizes: "hidden_size intermediate_size num_channels patch_size",
      layers: "num_hidden_layers", heads: "num_attention_heads"),
    Case(
      "clip",
      sizes: """
        projection_dim text_config.vocab_size text_config.hidden_size text_config.intermediate_size \
        text_config.max_position_embeddings vision_config.hidden_size vision_config.intermediate_size \
        vision_config.num_channels vision_config.patch_size
        """,
      layers: "text_config.num_hidden_layers vision_config.num_hidden_layers",
      heads: "text_config.num_attention_heads vision_config.num_attention_heads"),
    Case(
      "torch/transformer", sizes: "d_model dim_feedforward", layers: "num_encoder_layers num_decoder_layers",
      heads: "nhead"),
  ]

  /// A folder with the fixture's weights, for configurations that change.
  private struct Workbench {
    let folder: URL
    let fields: [String: Any]

    init(_ fixture: String, in folder: URL) throws {
      self.folder = folder
      let source = ModelFixture(name: fixture).folder
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent("model.safetensors"),
        withDestinationURL: source.appendingPathComponent("model.safetensors"))
      let data = try Data(contentsOf: source.appendingPathComponent("config.json"))
      fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The model with other values at some paths of the configuration.
    func load(_ changes: [String: Any]) throws -> LoadedModel {
      let changed = changes.reduce(fields) { Workbench.set($0, $1.key.split(separator: ".")[...], $1.value) }
      try JSONSerialization.data(withJSONObject: changed).write(to: folder.appendingPathComponent("config.json"))
      return try LoadedModel(contentsOf: folder)
    }

    /// The places of the problems that these changes bring.
    func problems(_ changes: [String: Any]) throws -> Set<String> {
      let error = #expect(throws: FileFormatError.self, "\(changes)") { _ = try load(changes) }
      #expect(error?.path.hasSuffix("/config.json") == true, "\(changes): \(String(describing: error))")
      return Set(error?.problems.map { "\($0.place)" } ?? [])
    }

    private static func set(_ fields: [String: Any], _ path: ArraySlice<Substring>, _ value: Any) -> [String: Any] {
      guard let first = path.first.map(String.init) else { return fields }
      var result = fields
      result[first] = path.count == 1 ? value : set(fields[first] as? [String: Any] ?? [:], path.dropFirst(), value)
      return result
    }

    /// The paths of all numbers.
    var numbers: [String] { Workbench.numbers(fields, "") }

    private static func numbers(_ fields: [String: Any], _ prefix: String) -> [String] {
      fields.sorted { $0.key < $1.key }.flatMap { key, value -> [String] in
        if let inner = value as? [String: Any] { return numbers(inner, prefix + key + ".") }
        return value is NSNumber && !(value is Bool) || value is NSNull ? [prefix + key] : []
      }
    }
  }

  private static let largest = 2_147_483_647

  @Test(arguments: cases) func sizesBeyondTheFilesAreRefusedTogether(_ hostile: Case) throws {
    try withTemporaryFolder { folder in
      let bench = try Workbench(hostile.fixture, in: folder)
      let bounded = hostile.sizes + hostile.layers
      for value in [HostileConfigurationTests.largest, 2_147_483_640, 1_000_000_000, 100_000] {
        let all = Dictionary(uniqueKeysWithValues: bounded.map { ($0, value) })
        #expect(try bench.problems(all) == Set(bounded), "all \(value)")
        for key in bounded { #expect(try bench.problems([key: value]).contains(key), "\(key) \(value)") }
      }
      // With heads as large as what they divide, and products beyond any integer.
      for value in [HostileConfigurationTests.largest, 1 << 30, 80] {
        let all = Dictionary(uniqueKeysWithValues: (bounded + hostile.heads).map { ($0, value) })
        #expect(throws: FileFormatError.self) { _ = try bench.load(all) }
        for key in hostile.heads {
          #expect(throws: FileFormatError.self, "\(key) \(value)") { _ = try bench.load([key: value]) }
        }
      }
    }
  }

  @Test func messagesNameTheFileThatIsTooSmall() throws {
    func message(_ fixture: String, _ changes: [String: Any]) throws -> [String] {
      try withTemporaryFolder { folder in
        let bench = try Workbench(fixture, in: folder)
        let error = #expect(throws: FileFormatError.self) { _ = try bench.load(changes) }
        return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } ?? []
      }
    }
    #expect(
      try message("bert_model", ["vocab_size": 2_147_483_647, "num_hidden_layers": 1_000_000_000]) == [
        "vocab_size: expected at most 80, the longest axis in model.safetensors, found 2147483647",
        "num_hidden_layers: expected at most 2, the layers in model.safetensors, found 1000000000",
      ])
    #expect(
      try message("llama_lm", ["num_attention_heads": 2_147_483_646]) == [
        "num_attention_heads: expected num_attention_heads · head_dim of at most 80, the longest axis in "
          + "model.safetensors, found 2147483646 · 8"
      ])
    #expect(
      try message("vit_image_classification", ["image_size": 8 * 100_000_000]) == [
        "image_size: expected patches of at most 48, the longest axis in model.safetensors, found 100000000 · 100000000"
      ])
    #expect(
      try message("bert_model", ["vocab_size": NSNull()]) == [
        "vocab_size: expected at most 80, the longest axis in model.safetensors, found nothing, which means 30522"
      ])
    #expect(
      try message("heads/bert_regression", ["num_labels": 1_000_000, "id2label": NSNull()]) == [
        "num_labels: expected at most 24, the longest axis in model.safetensors, found 1000000"
      ])
  }

  /// Every number and every null, one at a time, becomes each of these: the model loads and runs, or a typed error comes.
  @Test(arguments: cases) func everyNumberMayBeAnything(_ hostile: Case) throws {
    let values: [Any] = [
      0, -1, 1, 3, 2_147_483_647, 2_147_483_640, 1 << 53, 1 << 62, 1e300, 1e-300, "x", NSNull(),
    ]
    try withTemporaryFolder { folder in
      let bench = try Workbench(hostile.fixture, in: folder)
      let inputs = try ModelFixture(name: hostile.fixture).inputs()
      #expect(bench.numbers.count >= 5)
      var (loaded, refused) = (0, 0)
      for path in bench.numbers {
        for value in values {
          do throws(any Error) {
            let model = try bench.load([path: value])
            _ = try model.outputs(for: inputs)
            loaded += 1
          } catch {
            #expect(error is FileFormatError, "\(path) = \(value): \(error)")
            refused += 1
          }
        }
      }
      #expect(loaded > 0 && refused > 0)
    }
  }

  /// A model takes no memory before its weights are known: this one would have 2⁵³ parameters and more.
  @Test func modelsAreMadeWithoutMemory() {
    let model = withoutInitialValues {
      GPT(.init(vocabularySize: 1 << 27, contextLength: 1 << 10, layers: 2, heads: 1, width: 1 << 26))
    }
    #expect(model.parameterCount == model.configuration.parameterCount)
    #expect(model.parameterCount > 1 << 53)
  }
}
