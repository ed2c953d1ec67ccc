// Hugging Face's GPT-2 folders: the names of their tensors, and reading and writing them.
// Read first: GPT.swift, ApusData/Files/Safetensors.swift.

import ApusData
import ApusNN
import ApusTensor
public import Foundation

/// A folder that is not a GPT-2 checkpoint: everything that is wrong with it.
public struct CheckpointError: Error, CustomStringConvertible, Sendable {
  /// The file.
  public let path: String
  /// What is wrong, one sentence each.
  public let problems: [String]

  public var description: String { problems.map { "\(path): \($0)" }.joined(separator: "\n") }
}

extension GPT {
  /// Their name of a tensor, ours, and whether theirs is transposed (their linear layers store [in, out]).
  static func checkpointNames(layers: Int) -> [(theirs: String, ours: String, isTransposed: Bool)] {
    var names = [
      ("wte.weight", "tokenEmbedding.weight", false),
      ("wpe.weight", "positionEmbedding.weight", false),
    ]
    for layer in 0..<layers {
      let (h, block) = ("h.\(layer).", "blocks.\(layer).")
      names += [
        (h + "ln_1.weight", block + "norm1.weight", false),
        (h + "ln_1.bias", block + "norm1.bias", false),
        (h + "attn.c_attn.weight", block + "attention.projection.weight", true),
        (h + "attn.c_attn.bias", block + "attention.projection.bias", false),
        (h + "attn.c_proj.weight", block + "attention.output.weight", true),
        (h + "attn.c_proj.bias", block + "attention.output.bias", false),
        (h + "ln_2.weight", block + "norm2.weight", false),
        (h + "ln_2.bias", block + "norm2.bias", false),
        (h + "mlp.c_fc.weight", block + "feedForward.expansion.weight", true),
        (h + "mlp.c_fc.bias", block + "feedForward.expansion.bias", false),
        (h + "mlp.c_proj.weight", block + "feedForward.contraction.weight", true),
        (h + "mlp.c_proj.bias", block + "feedForward.contraction.bias", false),
      ]
    }
    return names + [("ln_f.weight", "finalNorm.weight", false), ("ln_f.bias", "finalNorm.bias", false)]
  }

  /// Tensors in the checkpoint that say nothing new: causal masks, and the output layer, which is the embedding table.
  private static func isRedundant(_ name: String) -> Bool {
    name == "lm_head.weight" || name.hasSuffix(".attn.bias") || name.hasSuffix(".attn.masked_bias")
  }

  /// Their config.json.
  // The file's own keys.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct ForeignConfiguration: Codable {
    var model_type = "gpt2"
    var architectures: [String]? = ["GPT2LMHeadModel"]
    var vocab_size: Int
    var n_positions: Int
    var n_embd: Int
    var n_layer: Int
    var n_head: Int
    var n_inner: Int?
    var activation_function: String?
    var layer_norm_epsilon: Float?
    var resid_pdrop: Float?
    var embd_pdrop: Float?
    var attn_pdrop: Float?
    var tie_word_embeddings: Bool?
    var scale_attn_weights: Bool?
    var scale_attn_by_inverse_layer_idx: Bool?
    var add_cross_attention: Bool?
  }

  private static let activationNames: [(theirs: String, ours: Activation)] = [
    ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh), ("gelu", .gelu), ("relu", .relu), ("silu", .silu),
    ("swish", .silu), ("tanh", .tanh),
  ]

  /// The model in a Hugging Face folder (config.json and model.safetensors), or in a run folder of `apus train`.
  ///
  /// - Throws: `FileFormatError`, `CheckpointError` or `StateDictionaryError`, which name everything that does not fit.
  public convenience init(contentsOf folder: URL) throws {
    self.init(try GPT.configuration(contentsOf: folder.appendingPathComponent("config.json")))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("model.safetensors"))
    var state = StateDictionary()
    let names = GPT.checkpointNames(layers: configuration.layers)
    let table = Dictionary(uniqueKeysWithValues: names.map { ($0.theirs, $0) })
    for entry in file.entries {
      let name =
        entry.name.hasPrefix("transformer.") ? String(entry.name.dropFirst("transformer.".count)) : entry.name
      if GPT.isRedundant(name) { continue }
      let tensor = try file.tensor(named: entry.name)
      if let known = table[name] {
        state[known.ours] = known.isTransposed && tensor.rank == 2 ? tensor.transposed() : tensor
      } else {
        state[entry.name] = tensor
      }
    }
    try load(state)
  }

  /// The configuration in a config.json of type gpt2.
  public static func configuration(contentsOf url: URL) throws -> Configuration {
    let foreign: ForeignConfiguration
    do {
      foreign = try JSONDecoder().decode(ForeignConfiguration.self, from: Data(try TextFile.read(url).utf8))
    } catch let error as DecodingError {
      throw CheckpointError(path: url.path, problems: [GPT.explanation(of: error)])
    }
    var problems: [String] = []
    if foreign.model_type != "gpt2" {
      problems.append("model_type: expected \"gpt2\", found \"\(foreign.model_type)\"")
    }
    let activationName = foreign.activation_function ?? "gelu_new"
    let activation = activationNames.first { $0.theirs == activationName }?.ours
    if activation == nil {
      let known = activationNames.map(\.theirs).joined(separator: ", ")
      problems.append("activation_function: expected one of \(known), found \"\(activationName)\"")
    }
    for (name, value, expected) in [
      ("tie_word_embeddings", foreign.tie_word_embeddings, true),
      ("scale_attn_weights", foreign.scale_attn_weights, true),
      ("scale_attn_by_inverse_layer_idx", foreign.scale_attn_by_inverse_layer_idx, false),
      ("add_cross_attention", foreign.add_cross_attention, false),
    ] where value ?? expected != expected {
      problems.append("\(name): expected \(expected), found \(!expected)")
    }
    let result = Configuration(
      vocabularySize: foreign.vocab_size, contextLength: foreign.n_positions, layers: foreign.n_layer,
      heads: foreign.n_head, width: foreign.n_embd, hidden: foreign.n_inner, activation: activation ?? .geluTanh,
      dropout: foreign.resid_pdrop ?? 0, epsilon: foreign.layer_norm_epsilon ?? 1e-5)
    problems += result.problems
    guard problems.isEmpty else { throw CheckpointError(path: url.path, problems: problems) }
    return result
  }

  private static func explanation(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "\(key.stringValue): missing"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")): expected \(type)"
    case .dataCorrupted: "not valid JSON"
    @unknown default: "not a configuration"
    }
  }

  /// Writes config.json and model.safetensors as Hugging Face's library does: its `from_pretrained` reads them.
  ///
  /// - Throws: `FileFormatError` if a file cannot be written; then the old one is still there.
  public func save(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let c = configuration
    let foreign = ForeignConfiguration(
      vocab_size: c.vocabularySize, n_positions: c.contextLength, n_embd: c.width, n_layer: c.layers, n_head: c.heads,
      n_inner: c.hidden,
      activation_function: GPT.activationNames.first { $0.ours == c.activation }?.theirs,
      layer_norm_epsilon: c.epsilon, resid_pdrop: c.dropout, embd_pdrop: c.dropout, attn_pdrop: 0,
      tie_word_embeddings: true)
    try AtomicFile.write(
      try encoder.encode(foreign) + Data("\n".utf8), to: folder.appendingPathComponent("config.json"))
    try saveWeights(to: folder.appendingPathComponent("model.safetensors"))
  }

  /// Writes the weights under Hugging Face's names.
  public func saveWeights(to url: URL) throws {
    let state = stateDictionary
    let tensors = GPT.checkpointNames(layers: configuration.layers).compactMap { name -> (String, Tensor)? in
      guard let tensor = state[name.ours] else { return nil }
      return ("transformer." + name.theirs, name.isTransposed ? tensor.transposed() : tensor)
    }
    try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: url)
  }
}
