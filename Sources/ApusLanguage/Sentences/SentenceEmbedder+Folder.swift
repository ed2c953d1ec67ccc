// Folders of sentence-transformers: the list of modules and their configurations.
// Read first: SentenceEmbedder.swift, SentenceLayers.swift. Read next: SentenceEmbedder+Text.swift.

public import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor
import ApusWeights
public import Foundation

extension SentenceEmbedder {
  /// Loads a folder of sentence-transformers, or of an encoder alone.
  ///
  /// `modules.json` lists the modules; each but the first has a folder of its own, with `config.json` and possibly weights.
  /// `config_sentence_transformers.json` contains the prompts, and `sentence_bert_config.json` or `tokenizer_config.json` the
  /// maximum number of tokens of a text. A folder without modules is an encoder; its hidden states are averaged and normalized.
  ///
  /// - Throws: everything that is wrong with the files of the encoder or of the modules, including unknown modules.
  public init(contentsOf folder: URL) throws(FileFormatError) {
    let modules = try SentenceModules(folder)
    let encoder = try SentenceEmbedder.encoder(modules.encoder)
    let plan = try SentencePlan(modules, width: encoder.width)
    self.init(encoder, pooling: plan.pooling, layers: plan.layers, width: plan.width)
    try readLimits(modules.encoder)
    prompts = try Prompts(folder, areIncluded: plan.includesPrompt)
  }

  /// The folder with the encoder and its tokenizer: a folder of sentence-transformers itself, or one inside it.
  ///
  /// - Throws: `modules.json` exists and is invalid.
  public static func encoderFolder(in folder: URL) throws(FileFormatError) -> URL {
    try SentenceModules(folder).encoder
  }

  /// The encoder without a head, whatever head its configuration names.
  private static func encoder(_ folder: URL) throws(FileFormatError) -> any TextEncoder {
    let type = try ModelFolder(contentsOf: folder).modelType
    let family = ModelFamily.language.first { family in type.map { family.modelTypes.contains($0) } ?? false }
    let bare = family?.heads.first { $0.task == .features }?.architectures.first
    let loaded = try LoadedModel(contentsOf: folder, head: bare, families: ModelFamily.language)
    if let encoder = loaded.model as? any TextEncoder { return encoder }
    throw FileFormatError(
      path: folder.path, expected: "an encoder such as BERT", found: "a model of type \(loaded.modelType)")
  }

  /// The name of the file with the limit differs between families.
  private static let limitFiles = ["bert", "roberta", "distilbert", "camembert", "xlm-roberta"].map {
    "sentence_\($0)_config.json"
  }

  private mutating func readLimits(_ folder: URL) throws(FileFormatError) {
    for name in SentenceEmbedder.limitFiles {
      let url = folder.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: url.path) else { continue }
      let file = try ConfigurationReader(contentsOf: url)
      maximumLength = file.optionalInteger("max_seq_length", in: 1...0x7FFF_FFFF)
      lowercases = file.flag("do_lower_case", default: false)
      try file.check()
      break
    }
    let url = folder.appendingPathComponent("tokenizer_config.json")
    guard maximumLength == nil, FileManager.default.fileExists(atPath: url.path) else { return }
    let file = try ConfigurationReader(contentsOf: url)
    // If there is no limit, the file contains a number with thirty digits.
    let limit = file.has("model_max_length") ? file.number("model_max_length") : 0
    try file.check()
    if limit >= 1, limit < 1e6 { maximumLength = Int(limit) }
  }
}

/// The list in `modules.json`.
struct SentenceModules {
  /// The folder with the encoder.
  private(set) var encoder: URL
  /// The modules after it: the kind, the folder, and the entry in the list.
  private(set) var others: [(kind: String, folder: URL, reader: ConfigurationReader)] = []
  /// Whether there is a list.
  private(set) var isListed = false

  init(_ folder: URL) throws(FileFormatError) {
    encoder = folder
    let list = folder.appendingPathComponent("modules.json")
    guard FileManager.default.fileExists(atPath: list.path) else {
      others = []
      return
    }
    isListed = true
    var problems: [FileFormatError.Problem] = []
    let modules = try ConfigurationReader.elements(of: list)
    if modules.isEmpty { problems.append(.init(expected: "a Transformer module first", found: "no modules")) }
    for (i, module) in modules.enumerated() {
      let (type, path) = (module.string("type") ?? "", module.string("path") ?? "")
      let (kind, isReadable) = (String(type.split(separator: ".").last ?? ""), !module.hasProblems)
      // The list is untrusted: its paths must not lead out of the folder.
      if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
        module.note("path", expected: "a folder in this one", found: "\"\(path)\"")
      }
      let place = path.isEmpty ? folder : folder.appendingPathComponent(path)
      if isReadable, (kind == "Transformer") != (i == 0) || !SentencePlan.kinds.contains(kind) {
        module.note(
          "type",
          expected: i == 0 ? "a Transformer module first" : "a Pooling, Dense, LayerNorm, Normalize or Dropout module",
          found: "\"\(type)\"")
      } else if i == 0 {
        encoder = place
      } else {
        others.append((kind, place, module))
      }
      do throws(FileFormatError) { try module.check() } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw FileFormatError(path: list.path, problems: problems) }
  }
}

/// The pooling and the layers after the encoder.
private struct SentencePlan {
  static let kinds = ["Transformer", "Pooling", "Dense", "LayerNorm", "Normalize", "Dropout"]

  private(set) var pooling: [SentencePooling] = [.mean]
  private(set) var includesPrompt = true
  private(set) var layers: [any Layer] = []
  /// The size of the output of the layers so far.
  private(set) var width: Int

  init(_ modules: SentenceModules, width: Int) throws(FileFormatError) {
    self.width = width
    guard modules.isListed else {
      let folder = modules.encoder.appendingPathComponent("1_Pooling")
      if FileManager.default.fileExists(atPath: folder.appendingPathComponent("config.json").path) {
        try readPooling(folder)
      }
      layers = [UnitLength()]
      self.width = width * pooling.count
      return
    }
    for (i, module) in modules.others.enumerated() {
      if (module.kind == "Pooling") != (i == 0), module.kind == "Pooling" || i == 0 {
        module.reader.note(
          "type", expected: i == 0 ? "a Pooling module after the encoder" : "one Pooling module", found: module.kind)
        try module.reader.check()
      }
      switch module.kind {
      case "Pooling": try readPooling(module.folder)
      case "Dense": try readDense(module.folder)
      case "LayerNorm": try readLayerNorm(module.folder)
      case "Normalize":
        try checkNames(module.folder)
        layers.append(UnitLength())
      // Dropout has no effect in inference.
      default: break
      }
    }
  }

  private func configuration(_ folder: URL) throws(FileFormatError) -> ConfigurationReader {
    try ConfigurationReader(contentsOf: folder.appendingPathComponent("config.json"))
  }

  private mutating func readPooling(_ folder: URL) throws(FileFormatError) {
    let file = try configuration(folder)
    let names = SentencePooling.allCases.map { (name: $0.publishedNames.name, value: $0) }
    if file.has("pooling_mode") {
      let list = file.oneOrMoreStrings("pooling_mode")
      pooling = list.compactMap { name in names.first { $0.name == name }?.value }
      if pooling.count < list.count || list.isEmpty {
        file.note(
          "pooling_mode", expected: "some of \(names.map { "\"\($0.name)\"" }.joined(separator: ", "))",
          found: list.map { "\"\($0)\"" }.joined(separator: ", "))
        pooling = [.mean]
      }
    } else if SentencePooling.allCases.contains(where: { file.has($0.publishedNames.key) }) {
      pooling = SentencePooling.allCases.filter { file.flag($0.publishedNames.key, default: false) }
      if pooling.isEmpty {
        file.note(
          SentencePooling.mean.publishedNames.key, expected: "one of the ways to pool", found: "none that is known")
      }
    }
    includesPrompt = file.flag("include_prompt", default: true)
    for key in ["embedding_dimension", "word_embedding_dimension"] { expectWidth(file, key) }
    try file.check()
    width *= pooling.count
  }

  /// Notes a size that differs from the output of the layers so far.
  private func expectWidth(_ file: ConfigurationReader, _ key: String) {
    guard file.has(key) else { return }
    let found = file.integer(key)
    if found != width { file.note(key, expected: "\(width), the width of what comes before", found: "\(found)") }
  }

  /// Checks that a module transforms sentence embeddings; other inputs and outputs are not supported.
  private func checkNames(_ folder: URL, _ file: ConfigurationReader? = nil) throws(FileFormatError) {
    let url = folder.appendingPathComponent("config.json")
    guard file != nil || FileManager.default.fileExists(atPath: url.path) else { return }
    let reader: ConfigurationReader
    if let file { reader = file } else { reader = try configuration(folder) }
    for key in ["module_input_name", "module_output_name"] where reader.has(key) {
      reader.expect(key, "sentence_embedding")
    }
    if file == nil { try reader.check() }
  }

  private mutating func readDense(_ folder: URL) throws(FileFormatError) {
    let file = try configuration(folder)
    try checkNames(folder, file)
    expectWidth(file, "in_features")
    if !file.has("in_features") { file.note("in_features", expected: "\(width)", found: "nothing") }
    let outputs = file.integer("out_features")
    let activation = file.choice(
      "activation_function", default: "torch.nn.modules.activation.Tanh", SentencePlan.activations)
    let (hasBias, isResidual) = (file.flag("bias", default: true), file.flag("use_residual", default: false))
    try file.check()
    let dense = SentenceDense(width, outputs, bias: hasBias, activation: activation, isResidual: isResidual)
    let rows = [
      ("linear.weight", "linear.weight"), ("linear.bias", "linear.bias"), ("residual.weight", "residual.weight"),
    ]
    try load(dense, folder, rows)
    layers.append(dense)
    width = outputs
  }

  private mutating func readLayerNorm(_ folder: URL) throws(FileFormatError) {
    let file = try configuration(folder)
    expectWidth(file, "dimension")
    try file.check()
    let norm = LayerNorm(width)
    try load(norm, folder, [("norm.weight", "weight"), ("norm.bias", "bias")])
    layers.append(norm)
  }

  private func load(
    _ layer: some Layer, _ folder: URL, _ rows: [(theirs: String, ours: String)]
  ) throws(FileFormatError) {
    let names = TensorNames(rows.map { ($0.theirs, $0.ours, .same) })
    let weights = try ModelWeights(inFolder: folder)
    try layer.load(weights, names: names)
  }

  private static let activations: [(name: String, value: Activation?)] = [
    ("torch.nn.modules.activation.Tanh", .tanh), ("torch.nn.modules.linear.Identity", nil),
    ("torch.nn.modules.activation.ReLU", .relu), ("torch.nn.modules.activation.GELU", .gelu),
    ("torch.nn.modules.activation.SiLU", .silu), ("torch.nn.modules.activation.Sigmoid", .sigmoid),
  ]
}
