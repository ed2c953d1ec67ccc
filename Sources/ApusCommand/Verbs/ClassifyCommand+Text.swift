// Texts for `apus classify`. Read first: ClassifyCommand.swift, ApusModels/Encoders/TextClassifier.swift.

import ApusData
import ApusModels
import ApusTensor

extension ClassifyCommand {
  /// What a model says of the text: a line for each of the likeliest classes, or for each number.
  func lines(about text: String, _ model: any TextClassifier, _ loaded: LoadedModel) throws -> [String] {
    var tokenizer = try Tokenizer(folder: folder.url)
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: model.maximumLength)
    let ids = try tokenizer.encode(text).ids
    guard !ids.isEmpty else { throw CommandFailure("expected a text, found none") }
    if let largest = ids.max(), Int(largest) >= model.vocabularySize {
      throw CommandFailure(
        "\(folder.text): the tokenizer has a token \(largest), the model only \(model.vocabularySize) tokens")
    }
    return lines(of: model.logits(IndexTensor(ids, shape: [1, ids.count])), model.problem, loaded)
  }
}
