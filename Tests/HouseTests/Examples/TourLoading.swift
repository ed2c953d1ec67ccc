// The code of the tour's chapter on published folders: Docs/Tour/13-loading-and-adding-a-family.md.

import Apus
import Foundation

// snippet: WordAverageModel
/// A linear classifier on the mean of a text's word embeddings.
final class WordAverage: PublishedModel {
  let words: Embedding
  let output: Linear

  init(vocabularySize: Int, width: Int, classes: Int) {
    words = Embedding(vocabularySize, width)
    output = Linear(width, classes)
  }

  /// [batch, length] → [batch, classes]
  func callAsFunction(_ ids: IndexTensor) -> Tensor { output(words(ids).mean(along: 1)) }

  static var families: [ModelFamily] { [family] }

  // Names in the file on the left, property paths on the right; * is weight or bias, # would be a layer's number.
  var tensorNames: TensorNames {
    TensorNames([
      ("embeddings.weight", "words.weight", .same),
      ("classifier.*", "output.*", .same),
    ])
  }

  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let ids = inputs.indices("input_ids", ["batch", "length"], below: words.weight.shape[0])
    let labels = inputs.optionalIndices("labels", ["batch"], below: output.weight.shape[0])
    try inputs.check()
    let logits = self(ids)
    return ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
  }
}
// end snippet

// snippet: WordAverageFamily
extension WordAverage {
  static let family = ModelFamily(
    "Word average", paper: "Iyyer et al. 2015", modelTypes: ["word_average"],
    heads: [
      .init("WordAverageForSequenceClassification", .textClassification) { folder throws(FileFormatError) in
        let file = folder.configuration
        let (words, width) = (file.integer("vocab_size"), file.integer("dim", default: 8))
        file.expect("normalize", false)  // a value that would change the computation
        try file.check()  // throws all problems of the configuration at once
        return WordAverage(vocabularySize: words, width: width, classes: file.labels?.count ?? 2)
      }
    ])
}
// end snippet

/// Writes a folder in the format of published models, loads and trains the model, saves it, and loads it again.
///
/// - Returns: the logits of the original and of the loaded model, the names of the gradients, and the losses before
///   training, after training, and of the model loaded again.
func loadingExample(
  in folder: URL
) throws -> (saved: [Float], loaded: [Float], gradients: [String], losses: [Float]) {
  let original = withSeed(1) { WordAverage(vocabularySize: 12, width: 4, classes: 3) }
  let config = """
    {"model_type": "word_average", "vocab_size": 12, "dim": 4, "id2label": {"0": "a", "1": "b", "2": "c"}}
    """
  try AtomicFile.write(Data(config.utf8), to: folder.appendingPathComponent("config.json"))
  try SafetensorsWriter.write(
    original.published(under: original.tensorNames), to: folder.appendingPathComponent("model.safetensors"))

  // snippet: WordAverageRun
  let loaded = try LoadedModel(contentsOf: folder, families: ModelFamily.all + [WordAverage.family])
  let inputs = ModelInputs([
    "input_ids": .indices(IndexTensor([3, 1, 4, 1, 5, 9], shape: [2, 3])),
    "labels": .indices([0, 2]),
  ])
  let (outputs, gradients) = try loaded.outputsAndGradients(for: inputs)
  // outputs["logits"], outputs.loss; gradients under the file's names
  // end snippet
  // snippet: TrainedFurther
  let optimizer = AdamW(loaded.model.parameters, learningRate: 0.02)
  for _ in 0..<20 {
    let (_, gradients) = try valueAndGradients { try loaded.outputs(for: inputs).loss ?? Tensor(0) }
    optimizer.step(gradients)
  }
  try loaded.model.saveWeights(to: folder.appendingPathComponent("model.safetensors"))
  // end snippet
  let again = try LoadedModel(contentsOf: folder, families: [WordAverage.family])
  let losses = try [outputs.loss, loaded.outputs(for: inputs).loss, again.outputs(for: inputs).loss]
  let ids = IndexTensor([3, 1, 4, 1, 5, 9], shape: [2, 3])
  return (
    original(ids).scalars, outputs["logits"]?.scalars ?? [], gradients.map(\.name), losses.map { $0?.scalar ?? -1 }
  )
}
