// `apus classify` for texts.
// Read first: ClassifyCommand.swift, ApusPublished/Capabilities/TextClassifier.swift.

import ApusLanguage
import ApusPublished
import ApusTensor
import ApusText

extension ClassifyCommand {
  /// Classifies a text. Returns one line for each of the most likely classes, or for each value of a regression.
  func lines(about text: String, _ model: any TextClassifier, _ loaded: LoadedModel) throws -> [String] {
    var tokenizer = try Tokenizer(folder: folder.url)
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: model.maximumLength)
    let ids = try tokenizer.encode(text).ids
    guard !ids.isEmpty else { throw CommandFailure("expected text, found none") }
    if let largest = ids.max(), Int(largest) >= model.vocabularySize {
      throw CommandFailure(
        "\(folder.text): the tokenizer has a token ID \(largest), but the model has only \(model.vocabularySize) tokens"
      )
    }
    return lines(of: model.logits(IndexTensor(ids, shape: [1, ids.count])), model.problem, loaded)
  }
}
