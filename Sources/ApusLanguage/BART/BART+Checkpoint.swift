// Hugging Face's BART folders: tensor names and configuration.
// Read first: BART.swift, ApusPublished/Loading/TensorNames.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor

extension BART: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { BART.tensorNames }

  static let tensorNames = names([
    ("encoder.embed_positions.weight", "encoderPositions.weight", .same),
    ("encoder.layernorm_embedding.*", "encoderEmbeddingNorm.*", .same),
    ("decoder.embed_positions.weight", "decoderPositions.weight", .same),
    ("decoder.layernorm_embedding.*", "decoderEmbeddingNorm.*", .same),
  ])

  /// The names that BART and Marian share, with a family's own.
  static func names(_ own: [TensorNames.Row], ignored: [String] = []) -> TensorNames {
    var names = TensorNames(
      [("shared.weight", "embedding.weight", .same)] + own + layerRows, prefix: "model.",
      aliases: [
        ("shared.weight", "lm_head.weight"), ("shared.weight", "model.encoder.embed_tokens.weight"),
        ("shared.weight", "model.decoder.embed_tokens.weight"),
      ],
      ignored: ignored, optional: ["outputBias"])
    names.headRows = [("final_logits_bias", "outputBias", .same)]
    return names
  }

  /// The rows of the blocks: the three projections of queries, keys and values are one here.
  private static let layerRows: [TensorNames.Row] = [
    ("encoder.layers.#.self_attn.q_proj.*", "encoderLayers.#.attention.projection.*", .part(0, of: 3)),
    ("encoder.layers.#.self_attn.k_proj.*", "encoderLayers.#.attention.projection.*", .part(1, of: 3)),
    ("encoder.layers.#.self_attn.v_proj.*", "encoderLayers.#.attention.projection.*", .part(2, of: 3)),
    ("encoder.layers.#.self_attn.out_proj.*", "encoderLayers.#.attention.output.*", .same),
    ("encoder.layers.#.self_attn_layer_norm.*", "encoderLayers.#.norm1.*", .same),
    ("encoder.layers.#.fc1.*", "encoderLayers.#.feedForward.expansion.*", .same),
    ("encoder.layers.#.fc2.*", "encoderLayers.#.feedForward.contraction.*", .same),
    ("encoder.layers.#.final_layer_norm.*", "encoderLayers.#.norm2.*", .same),
    ("decoder.layers.#.self_attn.q_proj.*", "decoderLayers.#.attention.projection.*", .part(0, of: 3)),
    ("decoder.layers.#.self_attn.k_proj.*", "decoderLayers.#.attention.projection.*", .part(1, of: 3)),
    ("decoder.layers.#.self_attn.v_proj.*", "decoderLayers.#.attention.projection.*", .part(2, of: 3)),
    ("decoder.layers.#.self_attn.out_proj.*", "decoderLayers.#.attention.output.*", .same),
    ("decoder.layers.#.self_attn_layer_norm.*", "decoderLayers.#.norm1.*", .same),
    ("decoder.layers.#.encoder_attn.q_proj.*", "decoderLayers.#.crossAttention.projection.*", .part(0, of: 3)),
    ("decoder.layers.#.encoder_attn.k_proj.*", "decoderLayers.#.crossAttention.projection.*", .part(1, of: 3)),
    ("decoder.layers.#.encoder_attn.v_proj.*", "decoderLayers.#.crossAttention.projection.*", .part(2, of: 3)),
    ("decoder.layers.#.encoder_attn.out_proj.*", "decoderLayers.#.crossAttention.output.*", .same),
    ("decoder.layers.#.encoder_attn_layer_norm.*", "decoderLayers.#.crossNorm.*", .same),
    ("decoder.layers.#.fc1.*", "decoderLayers.#.feedForward.expansion.*", .same),
    ("decoder.layers.#.fc2.*", "decoderLayers.#.feedForward.contraction.*", .same),
    ("decoder.layers.#.final_layer_norm.*", "decoderLayers.#.norm2.*", .same),
  ]

  /// The family `bart`.
  public static let family = ModelFamily(
    "BART", paper: "Lewis et al., arXiv:1910.13461", modelTypes: ["bart"],
    heads: [
      .init("BartForConditionalGeneration", .textToText) { folder throws(FileFormatError) in
        BART(try Configuration(folder.configuration))
      }
    ])

  static let activationNames: [(name: String, value: Activation)] = [
    ("gelu", .gelu), ("gelu_new", .geluTanh), ("relu", .relu), ("swish", .silu), ("silu", .silu), ("tanh", .tanh),
  ]
}

extension BART.Configuration {
  /// The configuration in a config.json of type bart.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    file.expect("model_type", "bart")
    // Early folders state explicitly what holds for all of them today.
    file.expect("normalize_embedding", true)
    file.expect("static_position_embeddings", false)
    try self.init(
      file, vocabularySize: 50_265, contextLength: file.size("max_position_embeddings", default: 1_024), padding: 1,
      start: 2)
  }

  /// The configuration in a config.json with the keys of BART, which Marian shares.
  ///
  /// - Parameters:
  ///   - vocabularySize: the vocabulary size if the file has none.
  ///   - contextLength: the maximum length of the source, and of the target.
  ///   - padding: the padding token if the file has none.
  ///   - start: the start token if the file has none; nil: the padding token.
  init(
    _ file: ConfigurationReader, vocabularySize: Int, contextLength: Int, padding: Int, start: Int?
  ) throws(FileFormatError) {
    file.expect("tie_word_embeddings", true)
    file.expect("normalize_before", false)
    file.expect("add_final_layer_norm", false)
    let width = file.size("d_model", default: 1_024)
    let padding = file.integer("pad_token_id", default: padding, in: 0...0x7FFF_FFFF)
    self.init(
      vocabularySize: file.size("vocab_size", default: vocabularySize), contextLength: contextLength, width: width,
      encoder: StackConfiguration(file, "encoder", width: width),
      decoder: StackConfiguration(file, "decoder", width: width),
      activation: file.choice("activation_function", default: "gelu", BART.activationNames),
      scalesEmbeddings: file.flag("scale_embedding", default: false), dropout: file.dropout("dropout", default: 0.1),
      paddingToken: Int32(padding),
      startToken: Int32(file.integer("decoder_start_token_id", default: start ?? padding, in: 0...0x7FFF_FFFF)))
    // (Problems that follow from another problem would say nothing new.)
    if !file.hasProblems {
      for problem in problems { file.note("sizes", expected: "a possible model", found: problem) }
    }
    try file.check()
  }
}

extension StackConfiguration {
  /// The sizes of the encoder or the decoder in a config.json.
  init(_ file: ConfigurationReader, _ name: String, width: Int) {
    self.init(
      layers: file.layerCount("\(name)_layers", default: 12),
      heads: file.integer("\(name)_attention_heads", default: 16),
      intermediateSize: file.size("\(name)_ffn_dim", default: 4_096))
    file.expect("d_model", width, isMultipleOf: "\(name)_attention_heads", heads)
  }
}
