// `apus classify`: what is in a picture, or what a text is about, with a published classifier.
// Read first: ApusModels/Published/PictureModel.swift. Read next: ClassifyCommand+Text.swift.

import ApusData
import ApusModels
import ApusTensor
import Foundation

struct ClassifyCommand: Verb {
  static let name = "classify"
  static let summary = "Tell what is in a picture or a text, with a classifier from a folder."
  static var details: String {
    """
    The picture is a PNG, PPM, PGM or PBM file, and is resized as the model's preprocessor_config.json says.

    A classifier of pictures (ViT) or of texts (BERT, RoBERTa, DistilBERT) knows its classes by config.json. \
    CLIP chooses for a picture among the words that --labels gives it.
    """
  }

  @Positional("MODEL_DIR", help: "a folder with config.json and model.safetensors") var folder: Path
  @Positional("INPUT", help: "the file of a picture, or a text") var input: String
  @Option("labels", placeholder: "A,B,…", help: "what CLIP chooses among, separated by commas")
  var labels: String? = nil
  @Option("top", .atLeast(1), help: "how many answers are printed") var top = 5

  /// The words of --labels.
  private var words: [String] {
    (labels ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  func problems() -> [String] {
    labels != nil && words.isEmpty ? ["--labels: expected words separated by commas, found none"] : []
  }

  func run() throws {
    let loaded = try LoadedModel(contentsOf: folder.url)
    if let model = loaded.model as? any TextClassifier {
      try refuseLabels()
      return print(try lines(about: input, model, loaded).joined(separator: "\n"))
    }
    print(try ranking(loaded).lines(top: top).joined(separator: "\n"))
  }

  /// What the model says of the picture.
  func ranking(_ loaded: LoadedModel) throws -> Ranking {
    let answer: (scores: Tensor, names: [String])
    switch loaded.model {
    case let model as PublishedViT: answer = try classes(of: model, loaded)
    case let model as CLIP: answer = try fit(of: model)
    default:
      throw CommandFailure(
        "\(folder.text): expected a model that classifies pictures (vit, clip) or texts (bert, …), found \(loaded.head)"
      )
    }
    return Ranking(scores: answer.scores, names: answer.names)
  }

  private func pixels(for model: some PictureModel) throws -> Tensor {
    let processor = try model.processor(inFolder: folder.url)
    return processor([try Image(contentsOf: Path(input).url)])
  }

  private func classes(of model: PublishedViT, _ loaded: LoadedModel) throws -> (scores: Tensor, names: [String]) {
    guard let count = model.model.configuration.classes else {
      throw CommandFailure("\(folder.text): expected a model with a classifier, found \(loaded.head)")
    }
    try refuseLabels()
    let names = loaded.labels ?? []
    let scores = model.model(try pixels(for: model))
    return (scores, (0..<count).map { $0 < names.count ? names[$0] : "class \($0)" })
  }

  private func refuseLabels() throws {
    if labels != nil { throw CommandFailure("--labels: \(folder.text) has classes of its own; only CLIP takes labels") }
  }

  /// How well the picture fits each of the words.
  private func fit(of model: CLIP) throws -> (scores: Tensor, names: [String]) {
    guard !words.isEmpty else {
      throw CommandFailure("\(folder.text): CLIP needs --labels, such as --labels \"a cat,a dog\"")
    }
    let configuration = model.configuration.text
    var tokenizer = try Tokenizer(folder: folder.url)
    tokenizer.truncation = Truncation(maximumLength: configuration.contextLength)
    let texts = try tokenizer.encode(batch: words).map(\.ids)
    let length = texts.map(\.count).max() ?? 0
    guard length > 0, texts.joined().allSatisfy({ $0 >= 0 && $0 < configuration.vocabularySize }) else {
      throw CommandFailure("\(folder.text): the tokenizer has other tokens than the model")
    }
    // What is filled up stands behind the end token, where nobody looks.
    let ids = texts.flatMap { $0 + Array(repeating: $0.last ?? 0, count: length - $0.count) }
    let vectors = model.embedding(ofTexts: IndexTensor(ids, shape: [texts.count, length]))
    let picture = model.embedding(ofImages: try pixels(for: model))
    return (model.similarities(images: picture, texts: vectors), words)
  }
}

/// Names in the order of their probabilities.
struct Ranking: Equatable {
  /// The likeliest first; of equal ones the first in the list.
  let entries: [(name: String, probability: Float)]

  /// - Parameter scores: one row, [1, names].
  init(scores: Tensor, names: [String]) {
    entries = zip(names, scores.softmax().scalars).enumerated()
      .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map { (name: $0.element.0, probability: $0.element.1) }
  }

  static func == (a: Ranking, b: Ranking) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.probability == $1.probability }
  }

  /// A line for each of the first ones: the probability in percent, and the name.
  func lines(top count: Int) -> [String] {
    entries.prefix(count).map { String(format: "%6.2f %%  ", $0.probability * 100) + $0.name }
  }
}
