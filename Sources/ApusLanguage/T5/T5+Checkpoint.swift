// Hugging Face's T5 folders: tensor names and configuration.
// Read first: T5.swift, ApusPublished/Loading/TensorNames.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor

extension T5: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { T5.tensorNames(configuration) }

  static func tensorNames(_ configuration: Configuration) -> TensorNames {
    var rows: [TensorNames.Row] = [("shared.weight", "embedding.weight", .same)]
    for (stack, feedForward) in [("encoder", "layer.1"), ("decoder", "layer.2")] {
      let (block, ours) = ("\(stack).block.#", "\(stack).blocks.#")
      let network = "\(block).\(feedForward)"
      rows += [
        ("\(block).layer.0.layer_norm.weight", "\(ours).norm1.weight", .same),
        ("\(block).layer.0.SelfAttention.q.weight", "\(ours).attention.query.weight", .same),
        ("\(block).layer.0.SelfAttention.k.weight", "\(ours).attention.key.weight", .same),
        ("\(block).layer.0.SelfAttention.v.weight", "\(ours).attention.value.weight", .same),
        ("\(block).layer.0.SelfAttention.o.weight", "\(ours).attention.output.weight", .same),
        // All blocks use the bias of the first one.
        (
          "\(stack).block.0.layer.0.SelfAttention.relative_attention_bias.weight", "\(stack).positionBias.weight", .same
        ),
        ("\(network).layer_norm.weight", "\(ours).norm2.weight", .same),
        ("\(network).DenseReluDense.wo.weight", "\(ours).feedForward.contraction.weight", .same),
        ("\(stack).final_layer_norm.weight", "\(stack).finalNorm.weight", .same),
      ]
      rows +=
        configuration.isGated
        ? [
          ("\(network).DenseReluDense.wi_0.weight", "\(ours).feedForward.gate.weight", .same),
          ("\(network).DenseReluDense.wi_1.weight", "\(ours).feedForward.expansion.weight", .same),
        ] : [("\(network).DenseReluDense.wi.weight", "\(ours).feedForward.expansion.weight", .same)]
    }
    rows += [
      ("decoder.block.#.layer.1.layer_norm.weight", "decoder.blocks.#.crossNorm.weight", .same),
      ("decoder.block.#.layer.1.EncDecAttention.q.weight", "decoder.blocks.#.crossAttention.query.weight", .same),
      ("decoder.block.#.layer.1.EncDecAttention.k.weight", "decoder.blocks.#.crossAttention.key.weight", .same),
      ("decoder.block.#.layer.1.EncDecAttention.v.weight", "decoder.blocks.#.crossAttention.value.weight", .same),
      ("decoder.block.#.layer.1.EncDecAttention.o.weight", "decoder.blocks.#.crossAttention.output.weight", .same),
    ]
    var aliases = [("shared.weight", "encoder.embed_tokens.weight"), ("shared.weight", "decoder.embed_tokens.weight")]
    if configuration.tiesEmbeddings {
      aliases.append(("shared.weight", "lm_head.weight"))
    } else {
      rows.append(("lm_head.weight", "output.weight", .same))
    }
    return TensorNames(
      rows, aliases: aliases,
      // Early files contain a position bias of the cross-attention, which is not used.
      ignored: [".EncDecAttention.relative_attention_bias.weight"])
  }

  /// The family `t5`.
  public static let family = ModelFamily(
    "T5", paper: "Raffel et al., arXiv:1910.10683", modelTypes: ["t5"],
    heads: [
      .init("T5ForConditionalGeneration", .textToText) { folder throws(FileFormatError) in
        T5(try Configuration(folder.configuration))
      }
    ])

  /// The values of `feed_forward_proj`; "gated-gelu" has always meant the tanh approximation.
  fileprivate static let networks: [(name: String, value: (activation: Activation, isGated: Bool))] = [
    ("relu", (.relu, false)), ("gated-gelu", (.geluTanh, true)), ("gelu", (.gelu, false)),
    ("gelu_new", (.geluTanh, false)), ("silu", (.silu, false)), ("gated-silu", (.silu, true)),
    ("gated-relu", (.relu, true)), ("gated-gelu_new", (.geluTanh, true)),
  ]
}

extension T5.Configuration {
  /// The configuration in a config.json of type t5.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    file.expect("model_type", "t5")
    file.expect("is_encoder_decoder", true)
    let network = file.choice("feed_forward_proj", default: "relu", T5.networks)
    let layers = file.layerCount("num_layers", default: 6)
    let tied = file.flag("tie_word_embeddings", default: true)
    let padding = file.integer("pad_token_id", default: 0, in: 0...0x7FFF_FFFF)
    self.init(
      vocabularySize: file.size("vocab_size", default: 32_128), width: file.size("d_model", default: 512),
      headSize: file.size("d_kv", default: 64), intermediateSize: file.size("d_ff", default: 2_048), layers: layers,
      decoderLayers: file.layerCount("num_decoder_layers", default: layers),
      heads: file.integer("num_heads", default: 8),
      buckets: file.size("relative_attention_num_buckets", default: 32),
      maximumDistance: file.integer("relative_attention_max_distance", default: 128),
      activation: network.activation, isGated: network.isGated, tiesEmbeddings: tied,
      scalesOutput: file.flag("scale_decoder_outputs", default: tied),
      dropout: file.dropout("dropout_rate", default: 0.1),
      epsilon: file.number("layer_norm_epsilon", default: 1e-6), paddingToken: Int32(padding),
      startToken: Int32(file.integer("decoder_start_token_id", default: padding, in: 0...0x7FFF_FFFF)))
    file.expect("num_heads", product: "num_heads · d_kv", heads, headSize)
    // (Problems that follow from another problem would say nothing new.)
    if !file.hasProblems {
      for problem in problems { file.note("sizes", expected: "a possible model", found: problem) }
    }
    try file.check()
  }
}
