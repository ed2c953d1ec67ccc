// Llama folders: Hugging Face's, old and new, and those of llama2.c. Tensor names and configurations.
// Read first: Llama.swift, ApusPublished/Loading/TensorNames.swift.

import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor
import Foundation

extension Llama {
  static let tensorNames = TensorNames(
    [
      ("embed_tokens.weight", "tokenEmbedding.weight", .same),
      ("layers.#.input_layernorm.weight", "blocks.#.norm1.weight", .same),
      ("layers.#.self_attn.q_proj.*", "blocks.#.attention.query.*", .same),
      ("layers.#.self_attn.k_proj.*", "blocks.#.attention.key.*", .same),
      ("layers.#.self_attn.v_proj.*", "blocks.#.attention.value.*", .same),
      ("layers.#.self_attn.o_proj.*", "blocks.#.attention.output.*", .same),
      ("layers.#.post_attention_layernorm.weight", "blocks.#.norm2.weight", .same),
      ("layers.#.mlp.gate_proj.*", "blocks.#.feedForward.gate.*", .same),
      ("layers.#.mlp.up_proj.*", "blocks.#.feedForward.expansion.*", .same),
      ("layers.#.mlp.down_proj.*", "blocks.#.feedForward.contraction.*", .same),
      ("norm.weight", "finalNorm.weight", .same),
      ("lm_head.weight", "output.weight", .same),
    ],
    prefix: "model.", ignored: [".rotary_emb.inv_freq"])

  /// The names in Meta's own files and in those of llama2.c.
  static let originalNames = TensorNames([
    ("tok_embeddings.weight", "tokenEmbedding.weight", .same),
    ("layers.#.attention_norm.weight", "blocks.#.norm1.weight", .same),
    ("layers.#.attention.wq.weight", "blocks.#.attention.query.weight", .same),
    ("layers.#.attention.wk.weight", "blocks.#.attention.key.weight", .same),
    ("layers.#.attention.wv.weight", "blocks.#.attention.value.weight", .same),
    ("layers.#.attention.wo.weight", "blocks.#.attention.output.weight", .same),
    ("layers.#.ffn_norm.weight", "blocks.#.norm2.weight", .same),
    ("layers.#.feed_forward.w1.weight", "blocks.#.feedForward.gate.weight", .same),
    ("layers.#.feed_forward.w3.weight", "blocks.#.feedForward.expansion.weight", .same),
    ("layers.#.feed_forward.w2.weight", "blocks.#.feedForward.contraction.weight", .same),
    ("norm.weight", "finalNorm.weight", .same),
    ("output.weight", "output.weight", .same),
  ])

  /// The family `llama`.
  public static let family = ModelFamily(
    "Llama", paper: "Touvron et al., arXiv:2302.13971, arXiv:2307.09288", modelTypes: ["llama"],
    heads: [
      .init("LlamaForCausalLM", .textGeneration) { folder throws(FileFormatError) in
        Llama(try Configuration(folder.configuration))
      },
      .init("LlamaModel", .features) { folder throws(FileFormatError) in
        var configuration = try Configuration(folder.configuration)
        configuration.isTied = true
        return HiddenStatesModel(Llama(configuration))
      },
    ])

  /// The family `llama2.c`: Karpathy's small models, with the configuration and the tensor names of Meta's files.
  public static let originalFamily = ModelFamily(
    "Llama (llama2.c)", paper: "Touvron et al., arXiv:2307.09288", modelTypes: ["llama2.c"],
    heads: [
      .init("Llama", .textGeneration) { folder throws(FileFormatError) in
        Llama(try Configuration(original: folder.configuration))
      }
    ])
}

extension Llama.Configuration {
  /// The configuration in a config.json of type llama.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    let (width, heads) = (
      file.size("hidden_size", default: 4_096), file.integer("num_attention_heads", default: 32)
    )
    self.init(
      vocabularySize: file.size("vocab_size", default: 32_000),
      contextLength: file.integer("max_position_embeddings", default: 2_048),
      layers: file.layerCount("num_hidden_layers", default: 32), heads: heads,
      keyValueHeads: file.optionalInteger("num_key_value_heads", in: 1...0x7FFF_FFFF), width: width,
      headSize: file.optionalSize("head_dim"),
      intermediateSize: file.size("intermediate_size", default: 11_008),
      epsilon: file.number("rms_norm_eps", default: 1e-6),
      isTied: file.flag("tie_word_embeddings", default: false), padding: file.optionalInteger("pad_token_id"))
    activation = file.activation("hidden_act", default: "silu")
    hasAttentionBias = file.flag("attention_bias", default: false)
    hasFeedForwardBias = file.flag("mlp_bias", default: false)
    readRotary(file)
    if !file.has("head_dim") { file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads) }
    try checkHeads(file, heads: "num_attention_heads", keyValueHeads: "num_key_value_heads", size: "head_dim")
  }

  /// The configuration in a config.json of type llama2.c.
  init(original file: ConfigurationReader) throws(FileFormatError) {
    self.init(
      vocabularySize: file.size("vocab_size"), contextLength: file.integer("max_seq_len"),
      layers: file.layerCount("n_layers"), heads: file.integer("n_heads"),
      keyValueHeads: file.optionalInteger("n_kv_heads", in: 1...0x7FFF_FFFF), width: file.size("dim"),
      intermediateSize: file.size("hidden_dim"), epsilon: file.number("norm_eps", default: 1e-5),
      rotaryBase: file.number("rope_theta", default: 10_000), isTied: file.flag("tied_embeddings", default: true))
    rotaryPairing = .neighbors
    if let rope = file.string("rope"), !rope.hasPrefix("interleaved") {
      file.note("rope", expected: "a text that begins with interleaved", found: "\"\(rope)\"")
    }
    file.expect("dim", width, isMultipleOf: "n_heads", heads)
    try checkHeads(file, heads: "n_heads", keyValueHeads: "n_kv_heads", size: "dim")
  }

  private func checkHeads(
    _ file: ConfigurationReader, heads headsKey: String, keyValueHeads keyHeadsKey: String, size: String
  ) throws(FileFormatError) {
    file.expect(headsKey, heads, isMultipleOf: keyHeadsKey, keyValueHeads)
    file.expect(headsKey, product: "\(headsKey) · \(size == "dim" ? "head size" : size)", heads, headSize)
    if headSize % 2 != 0 { file.note(size, expected: "heads of an even size", found: "\(headSize)") }
    try file.check()
  }

  /// Reads `rope_parameters`, or, in older files, `rope_theta` and `rope_scaling`.
  private mutating func readRotary(_ file: ConfigurationReader) {
    let parameters = file.object("rope_parameters")
    rotaryBase =
      (parameters?.has("rope_theta") == true ? parameters : nil)?.number("rope_theta")
      ?? file.number("rope_theta", default: 10_000)
    if rotaryBase <= 1 { file.note("rope_theta", expected: "a number above 1", found: "\(rotaryBase)") }
    guard let scaling = parameters ?? file.object("rope_scaling") else { return }
    if scaling.number("partial_rotary_factor", default: 1) != 1 {
      scaling.note("partial_rotary_factor", expected: "1", found: "\(scaling.number("partial_rotary_factor"))")
    }
    // Early files have `type`.
    let key = scaling.has("rope_type") ? "rope_type" : "type"
    rotaryScaling = scaling.choice(key, default: "default", RotaryKind.names).scaling(scaling, contextLength)
    for problem in rotaryScaling.problems {
      scaling.note(key, expected: "possible numbers", found: problem)
    }
  }
}

/// The values of `rope_type`.
private enum RotaryKind {
  case none, linear, dynamic, llama3, yarn

  static let names: [(name: String, value: RotaryKind)] = [
    ("default", .none), ("linear", .linear), ("dynamic", .dynamic), ("llama3", .llama3), ("yarn", .yarn),
  ]

  func scaling(_ file: ConfigurationReader, _ contextLength: Int) -> RotaryScaling {
    func originalLength() -> Int { file.integer("original_max_position_embeddings", default: contextLength) }
    switch self {
    case .none: return .none
    case .linear: return .linear(factor: file.number("factor"))
    // (The library lets the base grow beyond max_position_embeddings, whatever the original length in the file.)
    case .dynamic: return .dynamic(factor: file.number("factor"), originalLength: contextLength)
    case .llama3:
      return .llama3(
        factor: file.number("factor"), lowFrequencyFactor: file.number("low_freq_factor"),
        highFrequencyFactor: file.number("high_freq_factor"), originalLength: originalLength())
    case .yarn:
      return .yarn(
        factor: file.number("factor"), originalLength: originalLength(), fast: file.number("beta_fast", default: 32),
        slow: file.number("beta_slow", default: 1),
        amplitude: amplitude(file),
        roundsRamp: file.flag("truncate", default: true))
    }
  }

  /// YaRN's factor of all cosines and sines, if the file has one.
  private func amplitude(_ file: ConfigurationReader) -> Float? {
    if file.has("attention_factor") { return file.number("attention_factor") }
    guard file.has("mscale"), file.has("mscale_all_dim") else { return nil }
    let logarithm = 0.1 * log(max(1, Double(file.number("factor"))))
    let (all, some) = (Double(file.number("mscale_all_dim")), Double(file.number("mscale")))
    return Float((some * logarithm + 1) / (all * logarithm + 1))
  }
}

extension Llama: PublishedModel {
  public static var families: [ModelFamily] { [family, originalFamily] }

  public var tensorNames: TensorNames {
    var names = configuration.rotaryPairing == .neighbors ? Llama.originalNames : Llama.tensorNames
    // A file with tied weights may contain the table twice.
    if configuration.isTied { names.ignored += ["lm_head.weight", "output.weight"] }
    return names
  }
}
