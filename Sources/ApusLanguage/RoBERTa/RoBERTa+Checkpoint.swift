// Published RoBERTa folders: tensor names, configuration, and heads.
// Read first: RoBERTa.swift, ../BERT/BERT+Checkpoint.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor
import ApusWeights

extension RoBERTa {
  /// The encoder has the same names as BERT.
  static let tensorNames = TensorNames(
    BERT.tensorNames.rows, prefix: "roberta.", ignored: [".position_ids", "pooler."])

  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { RoBERTa.tensorNames }

  /// The families `roberta`, `xlm-roberta` and `camembert`: one architecture, other vocabularies.
  public static let family = ModelFamily(
    "RoBERTa", paper: "Liu et al., arXiv:1907.11692", modelTypes: ["roberta", "xlm-roberta", "camembert"],
    heads: [
      .init(names("Model"), .features) { folder throws(FileFormatError) in
        try RoBERTa(folder, hasPooler: folder.weights.hasPooler)
      },
      .init(names("ForMaskedLM"), .maskedLanguageModeling, prefixes: ["lm_head."]) { folder throws(FileFormatError) in
        MaskedLanguageModel(try RoBERTa(folder), languageModelHead(folder.configuration))
      },
      .init(names("ForSequenceClassification"), .textClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return SequenceClassifier(
          try RoBERTa(folder), classes: file.classCount, hiddenActivation: .tanh,
          dropout: file.classifierDropout("hidden_dropout_prob"), problem: ClassificationProblem(file),
          head: [("classifier.dense.*", "hidden.*", .same), ("classifier.out_proj.*", "output.*", .same)])
      },
      .init(names("ForTokenClassification"), .tokenClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        let file = folder.configuration
        return TokenClassifier(
          try RoBERTa(folder), classes: file.classCount, dropout: file.classifierDropout("hidden_dropout_prob"),
          head: [("classifier.*", "output.*", .same)])
      },
      .init(names("ForQuestionAnswering"), .questionAnswering, prefixes: ["qa_outputs."]) {
        folder throws(FileFormatError) in
        QuestionAnswerer(try RoBERTa(folder), head: [("qa_outputs.*", "output.*", .same)])
      },
    ])

  /// The class names of a head, in the order of the model types.
  private static func names(_ head: String) -> [String] { ["Roberta", "XLMRoberta", "Camembert"].map { $0 + head } }

  private convenience init(_ folder: ModelFolder, hasPooler: Bool = false) throws(FileFormatError) {
    let file = folder.configuration
    var c = BERT.Configuration(
      file, vocabularySize: 50_265, padding: file.integer("pad_token_id", default: 1, in: 0...0x7FFF_FFFF))
    c.hasPooler = hasPooler
    if let padding = c.padding, padding + 1 >= min(c.contextLength, c.vocabularySize) {
      file.note("pad_token_id", expected: "a token whose number is a position too", found: "\(padding)")
    }
    try file.check()
    self.init(c)
  }

  private static func languageModelHead(_ file: ConfigurationReader) -> MaskedLanguageModel<RoBERTa>.Head {
    let isTied = file.flag("tie_word_embeddings", default: true)
    let biases = isTied ? ["", "decoder."] : ["decoder.", ""]
    let (bias, other) = ("lm_head.\(biases[0])bias", "lm_head.\(biases[1])bias")
    let table = isTied ? [("embeddings.word_embeddings.weight", "lm_head.decoder.weight")] : []
    return .init(
      activation: .gelu, epsilon: file.number("layer_norm_eps", default: 1e-12), isTied: isTied,
      names: [
        ("lm_head.dense.*", "transform.*", .same),
        ("lm_head.layer_norm.*", "norm.*", .same),
        (bias, "bias", .same),
        ("lm_head.decoder.weight", "decoder", .same),
      ], aliases: table + [(bias, other)])
  }
}
