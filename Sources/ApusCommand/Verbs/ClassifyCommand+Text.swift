// Texts for `apus classify`. Read first: ClassifyCommand.swift, ApusModels/Encoders/TextClassifier.swift.

import ApusCharts
import ApusData
import ApusModels
import ApusTensor

extension ClassifyCommand {
  /// What a model says of the text: a line for each of the likeliest classes, or for each number.
  func lines(about text: String, _ model: any TextClassifier, _ loaded: LoadedModel) throws -> [String] {
    var tokenizer = try Tokenizer(folder: folder.url)
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: model.longestText)
    let ids = try tokenizer.encode(text).ids
    guard !ids.isEmpty else { throw CommandFailure("expected a text, found none") }
    if let largest = ids.max(), Int(largest) >= model.vocabularySize {
      throw CommandFailure(
        "\(folder.text): the tokenizer has a token \(largest), the model only \(model.vocabularySize) tokens")
    }
    let scores = model.scores(IndexTensor(ids, shape: [1, ids.count]))
    let count = scores.shape[1]
    let labels = loaded.labels ?? []
    let names = (0..<count).map { $0 < labels.count ? labels[$0] : "class \($0)" }
    switch model.problem ?? (count == 1 ? .regression : .oneClass) {
    case .oneClass: return Ranking(scores: scores, names: names).lines(top: top)
    case .regression: return zip(scores.scalars, names).map { Format.fixed(Double($0), 4) + "  " + $1 }
    case .severalClasses:
      // Each class for itself: their probabilities do not add up to 1.
      return zip(scores.sigmoid().scalars, names).sorted { $0.0 > $1.0 }.prefix(top).map { probability, name in
        Format.fixed(Double(probability) * 100, 2).leftPadded(to: 6) + " %  " + name
      }
    }
  }
}
