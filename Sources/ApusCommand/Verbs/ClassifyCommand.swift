// `apus classify`: classifies images and texts with a published model.
// Read first: ApusPublished/Capabilities/ImageModel.swift. Read next: ClassifyCommand+Text.swift.

import Apus
import ApusCharts
import ApusMedia
import ApusPublished
import ApusTensor
import ApusText
import Foundation

struct ClassifyCommand: Verb {
  static let name = "classify"
  static let summary = "Classify images or texts with a model from a folder"
  static var details: String {
    """
    Prints the most likely classes of each input with their probabilities, or the values that a regression model \
    predicts.

    An image classifier (ViT) reads PNG, PPM, PGM and PBM files, and resizes the images as preprocessor_config.json \
    specifies. A text classifier (BERT, RoBERTa, DistilBERT) takes the text itself. Both take the names of their \
    classes from config.json. CLIP chooses for an image among the labels given with --labels.

    Without inputs on the command line, inputs are read from standard input, one per line. If there are several \
    inputs, each is printed above its results.
    """
  }

  @Positional("MODEL_DIR", help: "folder with config.json and model.safetensors") var folder: Path
  @Words("INPUT", help: "image file, or text") var inputs
  @Option("labels", placeholder: "A,B,…", help: "labels for CLIP to choose from, separated by commas")
  var labels: String? = nil
  @Option("top", .atLeast(1), help: "number of classes to print") var top = 5

  /// The labels given with --labels.
  private var words: [String] {
    (labels ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  func problems() -> [String] {
    if labels != nil, words.isEmpty { return ["--labels: expected labels separated by commas, found none"] }
    if inputs.isEmpty, isatty(STDIN_FILENO) == 1 {
      return ["expected images or texts on the command line or on standard input, found neither"]
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
      throw CommandFailure("standard input: expected one image file or text per line, found nothing")
    }
  }

  private func lines(about input: String, _ loaded: LoadedModel) throws -> [String] {
    if let model = loaded.model as? any TextClassifier {
      try refuseLabels()
      return try lines(about: input, model, loaded)
    }
    if let model = loaded.model as? any ImageClassifier {
      return lines(of: try classes(of: model, loaded, input).scores, model.problem, loaded)
    }
    return try ranking(loaded, input).lines(top: top)
  }

  /// One line for each of the most likely classes, or for each value of a regression.
  ///
  /// - Parameters:
  ///   - scores: logits or regression values, [1, classes].
  ///   - problem: the kind of problem. If nil, it is single-label classification, or regression for a single output.
  func lines(of scores: Tensor, _ problem: ClassificationProblem?, _ loaded: LoadedModel) -> [String] {
    let count = scores.shape[1]
    let names = names(count, loaded)
    switch problem ?? (count == 1 ? .regression : .oneClass) {
    case .oneClass: return Ranking(scores: scores, names: names).lines(top: top)
    case .regression: return zip(scores.scalars, names).map { Format.fixed(Double($0), 4) + "  " + $1 }
    case .severalClasses:
      // The classes are independent, so their probabilities do not sum to 1.
      return zip(scores.sigmoid().scalars, names).sorted { $0.0 > $1.0 }.prefix(top).map { probability, name in
        Format.fixed(Double(probability) * 100, 2).leftPadded(to: 6) + " %  " + name
      }
    }
  }

  private func names(_ count: Int, _ loaded: LoadedModel) -> [String] {
    let labels = loaded.labels ?? []
    return (0..<count).map { $0 < labels.count ? labels[$0] : "class \($0)" }
  }

  /// The classes of the image in a file, ranked by probability.
  func ranking(_ loaded: LoadedModel, _ file: String) throws -> Ranking {
    let answer: (scores: Tensor, names: [String])
    switch loaded.model {
    case let model as any ImageClassifier: answer = try classes(of: model, loaded, file)
    case let model as any ImageTextMatcher: answer = try fit(of: model, file)
    default:
      throw CommandFailure(
        "\(folder.text): expected a model that classifies images (vit, clip) or texts (bert, …), found \(loaded.head)"
      )
    }
    return Ranking(scores: answer.scores, names: answer.names)
  }

  private func pixels(for model: some ImageModel, _ file: String) throws -> Tensor {
    let processor = try model.processor(inFolder: folder.url)
    return processor([try Image(contentsOf: Path(file).url)])
  }

  private func classes(
    of model: some ImageClassifier, _ loaded: LoadedModel, _ file: String
  ) throws -> (scores: Tensor, names: [String]) {
    guard let count = model.classCount else {
      throw CommandFailure("\(folder.text): expected a model with a classifier, found \(loaded.head)")
    }
    try refuseLabels()
    return (model.logits(try pixels(for: model, file)), names(count, loaded))
  }

  private func refuseLabels() throws {
    if labels != nil {
      throw CommandFailure("--labels: only CLIP accepts labels; \(folder.text) has its own classes")
    }
  }

  /// How well the image fits each of the words.
  private func fit(of model: some ImageTextMatcher, _ file: String) throws -> (scores: Tensor, names: [String]) {
    guard !words.isEmpty else {
      throw CommandFailure("\(folder.text): CLIP needs --labels, such as --labels \"a cat,a dog\"")
    }
    var tokenizer = try Tokenizer(folder: folder.url)
    tokenizer.truncation = Truncation(maximumLength: model.maximumTextLength)
    let texts = try tokenizer.encode(batch: words).map(\.ids)
    let length = texts.map(\.count).max() ?? 0
    guard length > 0, texts.joined().allSatisfy({ $0 >= 0 && $0 < model.vocabularySize }) else {
      throw CommandFailure("\(folder.text): the tokenizer has other tokens than the model")
    }
    // Padding stands after the end token, which the model does not look beyond.
    let ids = texts.flatMap { $0 + Array(repeating: $0.last ?? 0, count: length - $0.count) }
    let pixels = try pixels(for: model, file)
    return (model.logits(pixels, IndexTensor(ids, shape: [texts.count, length])), words)
  }
}

/// Names ranked by probability.
struct Ranking: Equatable {
  /// The entries in descending order of probability; equal probabilities keep the order of the names.
  let entries: [(name: String, probability: Float)]

  /// - Parameter scores: one row of logits, [1, names].
  init(scores: Tensor, names: [String]) {
    entries = zip(names, scores.softmax().scalars).enumerated()
      .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .map { (name: $0.element.0, probability: $0.element.1) }
  }

  static func == (a: Ranking, b: Ranking) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.probability == $1.probability }
  }

  /// One line for each of the first entries, with the probability in percent and the name.
  func lines(top count: Int) -> [String] {
    entries.prefix(count).map { String(format: "%6.2f %%  ", $0.probability * 100) + $0.name }
  }
}
