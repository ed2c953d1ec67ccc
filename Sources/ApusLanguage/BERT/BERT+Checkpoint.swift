// Published BERT folders: tensor names, configuration, and heads.
// Read first: BERT.swift, ApusPublished/Loading/TensorNames.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor
import ApusWeights

extension BERT {
  static let tensorNames = TensorNames(
    [
      ("embeddings.word_embeddings.weight", "tokenEmbedding.weight", .same),
      ("embeddings.position_embeddings.weight", "positionEmbedding.weight", .same),
      ("embeddings.token_type_embeddings.weight", "typeEmbedding.weight", .same),
      ("embeddings.LayerNorm.*", "norm.*", .same),
      ("encoder.layer.#.attention.self.query.*", "blocks.#.attention.projection.*", .part(0, of: 3)),
      ("encoder.layer.#.attention.self.key.*", "blocks.#.attention.projection.*", .part(1, of: 3)),
      ("encoder.layer.#.attention.self.value.*", "blocks.#.attention.projection.*", .part(2, of: 3)),
      ("encoder.layer.#.attention.output.dense.*", "blocks.#.attention.output.*", .same),
      ("encoder.layer.#.attention.output.LayerNorm.*", "blocks.#.norm1.*", .same),
      ("encoder.layer.#.intermediate.dense.*", "blocks.#.feedForward.expansion.*", .same),
      ("encoder.layer.#.output.dense.*", "blocks.#.feedForward.contraction.*", .same),
      ("encoder.layer.#.output.LayerNorm.*", "blocks.#.norm2.*", .same),
      ("pooler.dense.*", "pooler.*", .same),
    ],
    prefix: "bert.", ignored: [".position_ids", "pooler."],
    // Spellings in early checkpoints, which were converted from TensorFlow.
    respelled: [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")])

  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { BERT.tensorNames }

  private static let languageModelNames: [TensorNames.Row] = [
    ("cls.predictions.transform.dense.*", "transform.*", .same),
    ("cls.predictions.transform.LayerNorm.*", "norm.*", .same),
    ("cls.predictions.decoder.weight", "decoder", .same),
    ("cls.seq_relationship.*", "nextSentence.*", .same),
  ]

  /// The family `bert`.
  public static let family = ModelFamily(
    "BERT", paper: "Devlin et al., arXiv:1810.04805", modelTypes: ["bert"],
    heads: [
      .init("BertModel", .features) { folder throws(FileFormatError) in
        try BERT(folder, hasPooler: folder.weights.hasPooler)
      },
      .init("BertForPreTraining", .pretraining, prefixes: ["cls."]) { folder throws(FileFormatError) in
        MaskedLanguageModel(try BERT(folder), languageModelHead(folder.configuration, hasNextSentence: true))
      },
      .init("BertForMaskedLM", .maskedLanguageModeling, prefixes: ["cls."]) { folder throws(FileFormatError) in
        MaskedLanguageModel(
          try BERT(folder, hasPooler: false), languageModelHead(folder.configuration, hasNextSentence: false))
      },
      .init("BertForNextSentencePrediction", .nextSentence, prefixes: ["cls."]) { folder throws(FileFormatError) in
        SequenceClassifier(
          try BERT(folder), classes: 2, problem: .oneClass, head: [("cls.seq_relationship.*", "output.*", .same)])
      },
      .init("BertForSequenceClassification", .textClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return SequenceClassifier(
          try BERT(folder), classes: file.classCount, dropout: file.classifierDropout("hidden_dropout_prob"),
          problem: ClassificationProblem(file), head: [("classifier.*", "output.*", .same)])
      },
      .init("BertForTokenClassification", .tokenClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return TokenClassifier(
          try BERT(folder, hasPooler: false), classes: file.classCount,
          dropout: file.classifierDropout("hidden_dropout_prob"), head: [("classifier.*", "output.*", .same)])
      },
      .init("BertForQuestionAnswering", .questionAnswering, prefixes: ["qa_outputs."]) {
        folder throws(FileFormatError) in
        QuestionAnswerer(try BERT(folder, hasPooler: false), head: [("qa_outputs.*", "output.*", .same)])
      },
    ])

  private convenience init(_ folder: ModelFolder, hasPooler: Bool = true) throws(FileFormatError) {
    var configuration = try Configuration(folder.configuration)
    configuration.hasPooler = hasPooler
    self.init(configuration)
  }

  private static func languageModelHead(
    _ file: ConfigurationReader, hasNextSentence: Bool
  ) -> MaskedLanguageModel<BERT>.Head {
    let isTied = file.flag("tie_word_embeddings", default: true)
    // Tied or not, files may contain both biases; the first one here is used.
    let biases = isTied ? ["", "decoder."] : ["decoder.", ""]
    let (bias, other) = ("cls.predictions.\(biases[0])bias", "cls.predictions.\(biases[1])bias")
    let table = isTied ? [("embeddings.word_embeddings.weight", "cls.predictions.decoder.weight")] : []
    return .init(
      activation: file.activation("hidden_act", default: "gelu"),
      epsilon: file.number("layer_norm_eps", default: 1e-12), isTied: isTied, hasNextSentence: hasNextSentence,
      names: languageModelNames + [(bias, "bias", .same)], aliases: table + [(bias, other)])
  }
}

extension BERT.Configuration {
  /// The configuration in a config.json of type bert.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    self.init(file, vocabularySize: 30_522, padding: file.optionalInteger("pad_token_id", default: 0))
    try file.check()
  }

  /// The configuration in a config.json with the keys of BERT, which RoBERTa shares; problems are noted.
  ///
  /// - Parameters:
  ///   - standard: the vocabulary size if the file has none.
  ///   - padding: the padding token.
  init(_ file: ConfigurationReader, vocabularySize standard: Int, padding: Int?) {
    file.expectEncoder()
    self.init(
      vocabularySize: file.size("vocab_size", default: standard),
      contextLength: file.size("max_position_embeddings", default: 512),
      types: file.size("type_vocab_size", default: 2), layers: file.layerCount("num_hidden_layers", default: 12),
      heads: file.integer("num_attention_heads", default: 12), width: file.size("hidden_size", default: 768),
      intermediateSize: file.size("intermediate_size", default: 3_072),
      activation: file.activation("hidden_act", default: "gelu"),
      dropout: file.dropout("hidden_dropout_prob", default: 0.1),
      epsilon: file.number("layer_norm_eps", default: 1e-12), padding: padding)
    file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads)
  }
}

// MARK: Shared by the configurations of all encoders

extension ConfigurationReader {
  /// Checks that the file describes an encoder with learned absolute positions.
  func expectEncoder() {
    expect("is_decoder", false)
    expect("add_cross_attention", false)
    expect("position_embedding_type", "absolute")
  }
}
