// Hugging Face's GPT-2 folders: tensor names, configuration, and saving.
// Read first: GPT.swift, ApusPublished/Loading/TensorNames.swift, ApusPublished/Running/PublishedModel.swift.

public import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor
public import Foundation

extension GPT {
  /// Linear layers ("Conv1D") are stored as [in, out]. The output layer is tied to the token embedding; causal masks, which some
  /// files contain, are computed.
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
        HiddenStatesModel(GPT(try Configuration(folder.configuration)))
      },
    ])

  /// The configuration in a config.json of type gpt2.
  public static func configuration(contentsOf url: URL) throws(FileFormatError) -> Configuration {
    try Configuration(ConfigurationReader(contentsOf: url))
  }
}

extension GPT.Configuration {
  /// The configuration in a config.json of type gpt2.
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
      intermediateSize: file.optionalSize("n_inner"),
      activation: file.activation("activation_function", default: "gelu_new"),
      dropout: file.dropout("resid_pdrop", default: 0.1),
      epsilon: file.number("layer_norm_epsilon", default: 1e-5))
    file.expect("n_embd", width, isMultipleOf: "n_head", heads)
    try file.check()
  }
}

extension GPT: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { GPT.tensorNames }
}

// MARK: Saving

extension GPT {
  /// The fields of config.json, in camel case.
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

  /// Writes config.json and model.safetensors in the form that Hugging Face's `from_pretrained` reads.
  ///
  /// - Parameter folder: an existing folder.
  /// - Throws: `FileFormatError` if a file cannot be written; an old file is kept then.
  public func save(to folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let c = configuration
    let foreign = ForeignConfiguration(
      vocabSize: c.vocabularySize, nPositions: c.contextLength, nEmbd: c.width, nLayer: c.layers, nHead: c.heads,
      nInner: c.intermediateSize,
      activationFunction: Activation.publishedNames.first { $0.value == c.activation }?.name,
      layerNormEpsilon: c.epsilon, residPdrop: c.dropout, embdPdrop: c.dropout)
    try AtomicFile.write(
      try encoder.encode(foreign) + Data("\n".utf8), to: folder.appendingPathComponent("config.json"))
    try saveWeights(to: folder.appendingPathComponent("model.safetensors"))
  }
}
