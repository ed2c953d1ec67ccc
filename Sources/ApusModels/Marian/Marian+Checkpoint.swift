// Hugging Face's Marian folders: the names of their tensors, and their configuration.
// Read first: Marian.swift, ../BART/BART+Checkpoint.swift.

import ApusData
import ApusNN
import ApusTensor

extension Marian: PublishedModel {
  public var tensorNames: TensorNames { Marian.tensorNames }

  /// Tables of positions, which some files hold, are computed.
  static let tensorNames = BART.names([], ignored: [".embed_positions.weight"])

  /// The family `marian`.
  public static let published = PublishedFamily(
    "marian",
    [
      .init("MarianMTModel") { folder throws(FileFormatError) in
        Marian(try Configuration(marian: folder.configuration))
      }
    ])
}

extension BART.Configuration {
  /// What a config.json of type marian says.
  init(marian file: ConfigurationReader) throws(FileFormatError) {
    file.expect("model_type", "marian")
    file.expect("tie_word_embeddings", true)
    file.expect("share_encoder_decoder_embeddings", true)
    file.expect("normalize_before", false)
    file.expect("add_final_layer_norm", false)
    file.expect("normalize_embedding", false)
    file.expect("static_position_embeddings", true)
    let (width, vocabularySize) = (
      file.size("d_model", default: 1_024), file.size("vocab_size", default: 58_101)
    )
    let padding = file.integer("pad_token_id", default: 58_100, in: 0...0x7FFF_FFFF)
    self.init(
      vocabularySize: vocabularySize, contextLength: file.integer("max_position_embeddings", default: 1_024),
      width: width, encoder: StackConfiguration(file, "encoder", width: width),
      decoder: StackConfiguration(file, "decoder", width: width),
      activation: file.choice("activation_function", default: "gelu", BART.activationNames),
      scalesEmbeddings: file.flag("scale_embedding", default: false), dropout: file.dropout("dropout", default: 0.1),
      paddingToken: Int32(padding),
      startToken: Int32(file.integer("decoder_start_token_id", default: padding, in: 0...0x7FFF_FFFF)))
    // (What follows from a value that is wrong says nothing new.)
    if !file.hasProblems {
      for problem in problems { file.note("sizes", expected: "a possible model", found: problem) }
    }
    try file.check()
  }
}
