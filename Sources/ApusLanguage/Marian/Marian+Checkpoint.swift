// Hugging Face's Marian folders: tensor names and configuration.
// Read first: Marian.swift, ../BART/BART+Checkpoint.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor

extension Marian: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { Marian.tensorNames }

  /// Position embeddings, which some files contain, are computed.
  static let tensorNames = BART.names([], ignored: [".embed_positions.weight"])

  /// The family `marian`.
  public static let family = ModelFamily(
    "Marian", paper: "Junczys-Dowmunt et al., arXiv:1804.00344", modelTypes: ["marian"],
    heads: [
      .init("MarianMTModel", .textToText) { folder throws(FileFormatError) in
        Marian(try Configuration(marian: folder.configuration))
      }
    ])
}

extension BART.Configuration {
  /// The configuration in a config.json of type marian.
  init(marian file: ConfigurationReader) throws(FileFormatError) {
    file.expect("model_type", "marian")
    file.expect("share_encoder_decoder_embeddings", true)
    file.expect("normalize_embedding", false)
    file.expect("static_position_embeddings", true)
    // (Position embeddings are computed, so the number of positions costs no memory.)
    try self.init(
      file, vocabularySize: 58_101, contextLength: file.integer("max_position_embeddings", default: 1_024),
      padding: 58_100, start: nil)
  }
}
