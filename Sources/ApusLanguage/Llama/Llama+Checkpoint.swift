// Llama's folders: Hugging Face's, old and new, and those of llama2.c. Names, configurations, inputs and outputs.
// Read first: Llama.swift, ../Published/TensorNames.swift.

public import ApusFiles
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

  /// The names of Meta's own files, and of llama2.c's.
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
        return LlamaFeatures(Llama(configuration))
      },
    ])

  /// The family `llama2.c`: Karpathy's small models, with the configuration and the names of Meta's files.
  public static let originalFamily = ModelFamily(
    "Llama (llama2.c)", paper: "Touvron et al., arXiv:2307.09288", modelTypes: ["llama2.c"],
    heads: [
      .init("Llama", .textGeneration) { folder throws(FileFormatError) in
        Llama(try Configuration(original: folder.configuration))
      }
    ])
}

extension Llama.Configuration {
  /// What a config.json of type llama says.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    let (width, heads) = (
      file.size("hidden_size", default: 4_096), file.integer("num_attention_heads", default: 32)
    )
    self.init(
      vocabularySize: file.size("vocab_size", default: 32_000),
      contextLength: file.integer("max_position_embeddings", default: 2_048),
      layers: file.layerCount("num_hidden_layers", default: 32), heads: heads,
      keyHeads: file.optionalInteger("num_key_value_heads", in: 1...0x7FFF_FFFF), width: width,
      headSize: file.optionalSize("head_dim"),
      hidden: file.size("intermediate_size", default: 11_008), epsilon: file.number("rms_norm_eps", default: 1e-6),
      isTied: file.flag("tie_word_embeddings", default: false), padding: file.optionalInteger("pad_token_id"))
    activation = file.activation("hidden_act", default: "silu")
    hasAttentionBias = file.flag("attention_bias", default: false)
    hasFeedForwardBias = file.flag("mlp_bias", default: false)
    readRotary(file)
    if !file.has("head_dim") { file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads) }
    try checkHeads(file, heads: "num_attention_heads", keyHeads: "num_key_value_heads", size: "head_dim")
  }

  /// What a config.json of type llama2.c says.
  init(original file: ConfigurationReader) throws(FileFormatError) {
    self.init(
      vocabularySize: file.size("vocab_size"), contextLength: file.integer("max_seq_len"),
      layers: file.layerCount("n_layers"), heads: file.integer("n_heads"),
      keyHeads: file.optionalInteger("n_kv_heads", in: 1...0x7FFF_FFFF), width: file.size("dim"),
      hidden: file.size("hidden_dim"), epsilon: file.number("norm_eps", default: 1e-5),
      rotaryBase: file.number("rope_theta", default: 10_000), isTied: file.flag("tied_embeddings", default: true))
    rotaryPairing = .neighbors
    if let rope = file.string("rope"), !rope.hasPrefix("interleaved") {
      file.note("rope", expected: "a text that begins with interleaved", found: "\"\(rope)\"")
    }
    file.expect("dim", width, isMultipleOf: "n_heads", heads)
    try checkHeads(file, heads: "n_heads", keyHeads: "n_kv_heads", size: "dim")
  }

  private func checkHeads(
    _ file: ConfigurationReader, heads headsKey: String, keyHeads keyHeadsKey: String, size: String
  ) throws(FileFormatError) {
    file.expect(headsKey, heads, isMultipleOf: keyHeadsKey, keyHeads)
    file.expect(headsKey, product: "\(headsKey) · \(size == "dim" ? "head size" : size)", heads, headSize)
    if headSize % 2 != 0 { file.note(size, expected: "heads of an even size", found: "\(headSize)") }
    try file.check()
  }

  /// `rope_parameters`, or in older files `rope_theta` and `rope_scaling`.
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
    // The first files say `type`.
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
    // (Their library grows the base beyond max_position_embeddings, whatever the original length is said to be.)
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

  /// YaRN's factor of all cosines and sines, if the file says anything about it.
  private func amplitude(_ file: ConfigurationReader) -> Float? {
    if file.has("attention_factor") { return file.number("attention_factor") }
    guard file.has("mscale"), file.has("mscale_all_dim") else { return nil }
    let logarithm = 0.1 * log(max(1, Double(file.number("factor"))))
    let (all, some) = (Double(file.number("mscale_all_dim")), Double(file.number("mscale")))
    return Float((some * logarithm + 1) / (all * logarithm + 1))
  }
}

// MARK: Running by name

extension Llama: PublishedModel {
  public static var families: [ModelFamily] { [family, originalFamily] }

  public var tensorNames: TensorNames {
    var names = configuration.rotaryPairing == .neighbors ? Llama.originalNames : Llama.tensorNames
    // A tied file may hold the table twice.
    if configuration.isTied { names.ignored += ["lm_head.weight", "output.weight"] }
    return names
  }

  /// `input_ids`, `attention_mask`, `position_ids`, `labels` → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = inputs.optionalIndices(
      "labels", ["batch", "length"], below: configuration.vocabularySize, except: -100)
    let states = try hiddenStates(of: inputs)
    let logits = scores(states[states.count - 1])
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0.shiftedToNext) })
    outputs.add("hidden_states", each: states)
    return outputs
  }

  fileprivate func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor] {
    let ids = inputs.indices("input_ids", ["batch", "length"], below: configuration.vocabularySize)
    let mask = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
    let positions = inputs.optionalIndices("position_ids", ["batch", "length"], below: Int(Int32.max))
    try inputs.check()
    return allHiddenStates(ids, positions: positions, mask: .padding(mask, causal: true))
  }
}

/// Llama without its output layer, LlamaModel: hidden vectors.
final class LlamaFeatures: PublishedModel {
  let model: Llama

  init(_ model: Llama) { self.model = model }

  static var families: [ModelFamily] { Llama.families }
  var tensorNames: TensorNames { model.tensorNames.nested(in: "model") }

  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let states = try model.hiddenStates(of: inputs)
    var outputs = ModelOutputs([("last_hidden_state", states[states.count - 1])])
    outputs.add("hidden_states", each: states)
    return outputs
  }
}
