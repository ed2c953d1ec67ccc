// `apus classify`: what is in a picture, or what a text is about, with a published classifier.
// Read first: ApusModels/Published/ImageModel.swift. Read next: ClassifyCommand+Text.swift.

import ApusCharts
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

    Without inputs on the command line they are read from standard input, one a line. Where there are several, each is \
    named above its answers.
    """
  }

  @Positional("MODEL_DIR", help: "a folder with config.json and model.safetensors") var folder: Path
  @Words("INPUT", help: "files of pictures, or texts") var inputs
  @Option("labels", placeholder: "A,B,…", help: "what CLIP chooses among, separated by commas")
  var labels: String? = nil
  @Option("top", .atLeast(1), help: "how many answers are printed") var top = 5

  /// The words of --labels.
  private var words: [String] {
    (labels ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  func problems() -> [String] {
    if labels != nil, words.isEmpty { return ["--labels: expected words separated by commas, found none"] }
    if inputs.isEmpty, isatty(STDIN_FILENO) == 1 {
      return ["expected pictures or texts on the command line or on standard input, found neither"]
    }
    return []
  }

  func run() throws {
    let loaded = try LoadedModel(contentsOf: folder.url)
    var output = OutputBuffer.standardOutput
    func answer(_ input: String, isNamed: Bool) throws {
      if isNamed { output.append(visible(input) + ":\n") }
      output.append(try lines(about: input, loaded).joined(separator: "\n"))
      try output.endLine()
      try output.flush()
    }
    for input in inputs { try answer(input, isNamed: inputs.count > 1) }
    guard inputs.isEmpty else { return }
    var given = InputLines.standardInput
    while let line = try given.next() {
      if !line.isEmpty { try answer(line.hasSuffix("\r") ? String(line.dropLast()) : line, isNamed: true) }
    }
    if given.number == 0 {
      throw CommandFailure("standard input: expected the name of a picture or a text a line, found nothing")
    }
  }

  private func lines(about input: String, _ loaded: LoadedModel) throws -> [String] {
    if let model = loaded.model as? any TextClassifier {
      try refuseLabels()
      return try lines(about: input, model, loaded)
    }
    if let model = loaded.model as? PublishedViT {
      return lines(of: try classes(of: model, loaded, input).scores, model.problem, loaded)
    }
    return try ranking(loaded, input).lines(top: top)
  }

  /// A line for each of the likeliest classes, or for each number.
  ///
  /// - Parameters:
  ///   - scores: [1, classes].
  ///   - problem: what they mean; nil: one class of several, or a number if there is only one.
  func lines(of scores: Tensor, _ problem: ClassificationProblem?, _ loaded: LoadedModel) -> [String] {
    let count = scores.shape[1]
    let names = names(count, loaded)
    switch problem ?? (count == 1 ? .regression : .oneClass) {
    case .oneClass: return Ranking(scores: scores, names: names).lines(top: top)
    case .regression: return zip(scores.scalars, names).map { Format.fixed(Double($0), 4) + "  " + $1 }
    case .severalClasses:
      // Each class for itself: their probabilities do not add up to 1.
      return zip(scores.sigmoid().scalars, names).sorted { $0.0 > $1.0 }.prefix(top).map { probability, name in
        Format.fixed(Double(probability) * 100, 2).leftPadded(to: 6) + " %  " + name
      }
    }
  }

  private func names(_ count: Int, _ loaded: LoadedModel) -> [String] {
    let labels = loaded.labels ?? []
    return (0..<count).map { $0 < labels.count ? labels[$0] : "class \($0)" }
  }

  /// What the model says of the picture in a file.
  func ranking(_ loaded: LoadedModel, _ file: String) throws -> Ranking {
    let answer: (scores: Tensor, names: [String])
    switch loaded.model {
    case let model as PublishedViT: answer = try classes(of: model, loaded, file)
    case let model as CLIP: answer = try fit(of: model, file)
    default:
      throw CommandFailure(
        "\(folder.text): expected a model that classifies pictures (vit, clip) or texts (bert, …), found \(loaded.head)"
      )
    }
    return Ranking(scores: answer.scores, names: answer.names)
  }

  private func pixels(for model: some ImageModel, _ file: String) throws -> Tensor {
    let processor = try model.processor(inFolder: folder.url)
    return processor([try Image(contentsOf: Path(file).url)])
  }

  private func classes(
    of model: PublishedViT, _ loaded: LoadedModel, _ file: String
  ) throws -> (scores: Tensor, names: [String]) {
    guard let count = model.model.configuration.classes else {
      throw CommandFailure("\(folder.text): expected a model with a classifier, found \(loaded.head)")
    }
    try refuseLabels()
    return (model.model(try pixels(for: model, file)), names(count, loaded))
  }

  private func refuseLabels() throws {
    if labels != nil { throw CommandFailure("--labels: \(folder.text) has classes of its own; only CLIP takes labels") }
  }

  /// How well the picture fits each of the words.
  private func fit(of model: CLIP, _ file: String) throws -> (scores: Tensor, names: [String]) {
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
    let picture = model.embedding(ofImages: try pixels(for: model, file))
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
