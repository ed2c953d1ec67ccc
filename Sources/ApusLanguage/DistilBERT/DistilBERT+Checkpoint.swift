// Published DistilBERT folders: tensor names, configuration, and heads.
// Read first: DistilBERT.swift, ../BERT/BERT+Checkpoint.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor
import ApusWeights

extension DistilBERT {
  static let tensorNames = TensorNames(
    [
      ("embeddings.word_embeddings.weight", "tokenEmbedding.weight", .same),
      ("embeddings.position_embeddings.weight", "positionEmbedding.weight", .same),
      ("embeddings.LayerNorm.*", "norm.*", .same),
      ("transformer.layer.#.attention.q_lin.*", "blocks.#.attention.projection.*", .part(0, of: 3)),
      ("transformer.layer.#.attention.k_lin.*", "blocks.#.attention.projection.*", .part(1, of: 3)),
      ("transformer.layer.#.attention.v_lin.*", "blocks.#.attention.projection.*", .part(2, of: 3)),
      ("transformer.layer.#.attention.out_lin.*", "blocks.#.attention.output.*", .same),
      ("transformer.layer.#.sa_layer_norm.*", "blocks.#.norm1.*", .same),
      ("transformer.layer.#.ffn.lin1.*", "blocks.#.feedForward.expansion.*", .same),
      ("transformer.layer.#.ffn.lin2.*", "blocks.#.feedForward.contraction.*", .same),
      ("transformer.layer.#.output_layer_norm.*", "blocks.#.norm2.*", .same),
    ],
    prefix: "distilbert.", ignored: [".position_ids"])

  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { DistilBERT.tensorNames }

  /// The family `distilbert`.
  public static let family = ModelFamily(
    "DistilBERT", paper: "Sanh et al., arXiv:1910.01108", modelTypes: ["distilbert"],
    heads: [
      .init("DistilBertModel", .features) { folder throws(FileFormatError) in try DistilBERT(folder) },
      .init(
        "DistilBertForMaskedLM", .maskedLanguageModeling,
        prefixes: ["vocab_transform.", "vocab_layer_norm.", "vocab_projector."]
      ) { folder throws(FileFormatError) in
        MaskedLanguageModel(try DistilBERT(folder), languageModelHead(folder.configuration))
      },
      .init("DistilBertForSequenceClassification", .textClassification, prefixes: ["pre_classifier.", "classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return SequenceClassifier(
          try DistilBERT(folder), classes: file.classCount, hiddenActivation: .relu,
          dropout: file.dropout("seq_classif_dropout", default: 0.2), problem: ClassificationProblem(file),
          head: [("pre_classifier.*", "hidden.*", .same), ("classifier.*", "output.*", .same)])
      },
      .init("DistilBertForTokenClassification", .tokenClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return TokenClassifier(
          try DistilBERT(folder), classes: file.classCount, dropout: file.dropout("dropout", default: 0.1),
          head: [("classifier.*", "output.*", .same)])
      },
      .init("DistilBertForQuestionAnswering", .questionAnswering, prefixes: ["qa_outputs."]) {
        folder throws(FileFormatError) in
        QuestionAnswerer(
          try DistilBERT(folder), dropout: folder.configuration.dropout("qa_dropout", default: 0.1),
          head: [("qa_outputs.*", "output.*", .same)])
      },
    ])

  private convenience init(_ folder: ModelFolder) throws(FileFormatError) {
    let file = folder.configuration
    file.expectEncoder()
    let c = BERT.Configuration(
      vocabularySize: file.size("vocab_size", default: 30_522),
      contextLength: file.size("max_position_embeddings", default: 512),
      layers: file.layerCount("n_layers", default: 6), heads: file.integer("n_heads", default: 12),
      width: file.size("dim", default: 768), intermediateSize: file.size("hidden_dim", default: 3_072),
      activation: file.activation("activation", default: "gelu"), dropout: file.dropout("dropout", default: 0.1),
      epsilon: 1e-12, padding: file.optionalInteger("pad_token_id", default: 0), hasPooler: false)
    file.expect("dim", c.width, isMultipleOf: "n_heads", c.heads)
    try file.check()
    self.init(c)
  }

  private static func languageModelHead(_ file: ConfigurationReader) -> MaskedLanguageModel<DistilBERT>.Head {
    let isTied = file.flag("tie_word_embeddings", default: true)
    return .init(
      activation: file.activation("activation", default: "gelu"), epsilon: 1e-12, isTied: isTied,
      names: [
        ("vocab_transform.*", "transform.*", .same),
        ("vocab_layer_norm.*", "norm.*", .same),
        ("vocab_projector.bias", "bias", .same),
        ("vocab_projector.weight", "decoder", .same),
      ], aliases: isTied ? [("embeddings.word_embeddings.weight", "vocab_projector.weight")] : [])
  }
}
