// Hugging Face's GPT-2 folders: the names of their tensors, their configuration, inputs and outputs.
// Read first: GPT.swift, ../Published/TensorNames.swift, ../Published/PublishedModel.swift.

public import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor
public import Foundation

extension GPT {
  /// Their linear layers ("Conv1D") store [in, out]. The output layer is the embedding table; causal masks are computed.
  static let tensorNames = TensorNames(
    [
      ("wte.weight", "tokenEmbedding.weight", .same),
      ("wpe.weight", "positionEmbedding.weight", .same),
      ("h.#.ln_1.*", "blocks.#.norm1.*", .same),
      ("h.#.attn.c_attn.*", "blocks.#.attention.projection.*", .transposed),
      ("h.#.attn.c_proj.*", "blocks.#.attention.output.*", .transposed),
      ("h.#.ln_2.*", "blocks.#.norm2.*", .same),
      ("h.#.mlp.c_fc.*", "blocks.#.feedForward.expansion.*", .transposed),
      ("h.#.mlp.c_proj.*", "blocks.#.feedForward.contraction.*", .transposed),
      ("ln_f.*", "finalNorm.*", .same),
    ],
    prefix: "transformer.", aliases: [("wte.weight", "lm_head.weight")], ignored: [".attn.bias", ".attn.masked_bias"])

  /// The family `gpt2`.
  public static let family = ModelFamily(
    "GPT-2", paper: "Radford et al. 2019", modelTypes: ["gpt2"],
    heads: [
      .init("GPT2LMHeadModel", .textGeneration) { folder throws(FileFormatError) in
        GPT(try Configuration(folder.configuration))
      },
      .init("GPT2Model", .features) { folder throws(FileFormatError) in
        GPTFeatures(GPT(try Configuration(folder.configuration)))
      },
    ])

  /// The configuration in a config.json of type gpt2.
  public static func configuration(contentsOf url: URL) throws(FileFormatError) -> Configuration {
    try Configuration(ConfigurationReader(contentsOf: url))
  }
}

extension GPT.Configuration {
  /// What a config.json of type gpt2 says.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    file.expect("model_type", "gpt2")
    file.expect("tie_word_embeddings", true)
    file.expect("scale_attn_weights", true)
    file.expect("scale_attn_by_inverse_layer_idx", false)
    file.expect("add_cross_attention", false)
    self.init(
      vocabularySize: file.size("vocab_size", default: 50_257),
      contextLength: file.size("n_positions", default: 1_024), layers: file.layerCount("n_layer", default: 12),
      heads: file.integer("n_head", default: 12), width: file.size("n_embd", default: 768),
      hidden: file.optionalSize("n_inner"),
      activation: file.activation("activation_function", default: "gelu_new"),
      dropout: file.dropout("resid_pdrop", default: 0.1),
      epsilon: file.number("layer_norm_epsilon", default: 1e-5))
    file.expect("n_embd", width, isMultipleOf: "n_head", heads)
    try file.check()
  }
}

// MARK: Running by name

extension GPT: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { GPT.tensorNames }

  /// `input_ids`, `attention_mask`, `position_ids`, `labels` → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = inputs.optionalIndices(
      "labels", ["batch", "length"], below: configuration.vocabularySize, except: -100)
    let states = try hiddenStates(of: inputs)
    let logits = tokenEmbedding.scores(states[states.count - 1])
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0.shiftedToNext) })
    outputs.add("hidden_states", each: states)
    return outputs
  }

  fileprivate func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor] {
    let limit = configuration.contextLength
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: limit)], below: configuration.vocabularySize)
    let mask = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
    let positions = inputs.optionalIndices("position_ids", ["batch", "length"], below: limit)
    try inputs.check()
    return allHiddenStates(ids, positions: positions, mask: .padding(mask, causal: true))
  }
}

/// GPT without its output layer, GPT2Model: hidden vectors.
final class GPTFeatures: PublishedModel {
  let model: GPT

  init(_ model: GPT) { self.model = model }

  static var families: [ModelFamily] { GPT.families }
  var tensorNames: TensorNames { GPT.tensorNames.nested(in: "model") }

  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let states = try model.hiddenStates(of: inputs)
    var outputs = ModelOutputs([("last_hidden_state", states[states.count - 1])])
    outputs.add("hidden_states", each: states)
    return outputs
  }
}

extension IndexTensor {
  /// Labels of [batch, length] for predicting the next token: at each position the label behind it, at the last one −100.
  var shiftedToNext: IndexTensor {
    let length = shape[1]
    return IndexTensor(
      indices.indices.map { $0 % length == length - 1 ? -100 : indices[$0 + 1] }, shape: shape)
  }
}

// MARK: Saving

extension GPT {
  /// Their config.json, in camel case.
  private struct ForeignConfiguration: Encodable {
    var modelType = "gpt2"
    var architectures = ["GPT2LMHeadModel"]
    var vocabSize, nPositions, nEmbd, nLayer, nHead: Int
    var nInner: Int?
    var activationFunction: String?
    var layerNormEpsilon, residPdrop, embdPdrop: Float
    var attnPdrop: Float = 0
    var tieWordEmbeddings = true
  }

  /// Writes config.json and model.safetensors as Hugging Face's library does: its `from_pretrained` reads them.
  ///
  /// - Throws: `FileFormatError` if a file cannot be written; then the old one is still there.
  public func save(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let c = configuration
    let foreign = ForeignConfiguration(
      vocabSize: c.vocabularySize, nPositions: c.contextLength, nEmbd: c.width, nLayer: c.layers, nHead: c.heads,
      nInner: c.hidden, activationFunction: Activation.publishedNames.first { $0.value == c.activation }?.name,
      layerNormEpsilon: c.epsilon, residPdrop: c.dropout, embdPdrop: c.dropout)
    try AtomicFile.write(
      try encoder.encode(foreign) + Data("\n".utf8), to: folder.appendingPathComponent("config.json"))
    try saveWeights(to: folder.appendingPathComponent("model.safetensors"))
  }
}
