// The code of the tour's chapters on attention and on modules: Docs/Tour/04-attention.md, 06-modules.md.

import Apus
import Foundation

// snippet: PlainAttention
/// softmax(Q·Kᵀ/√D)·V on [.., T, D], with the whole matrix of attention weights in memory.
func plainAttention(_ query: Tensor, _ key: Tensor, _ value: Tensor) -> Tensor {
  let size = query.shape[query.rank - 1]
  let scores = query.matmul(key, transposing: .second) / Float(size).squareRoot()
  return scores.softmax().matmul(value)
}
// end snippet

// snippet: RunningAttention
/// softmax(scores)·values for one row, computed while scores and values arrive in blocks.
struct RunningAttention {
  var maximum = -Float.infinity
  var sum: Float = 0
  var gathered: [Float]

  init(valueSize: Int) { gathered = Array(repeating: 0, count: valueSize) }

  mutating func add(scores: [Float], values: [[Float]]) {
    let largest = max(maximum, scores.max() ?? -.infinity)
    let correction = exp(maximum - largest)
    sum *= correction
    for e in gathered.indices { gathered[e] *= correction }
    for (score, value) in zip(scores, values) {
      let weight = exp(score - largest)
      sum += weight
      for e in gathered.indices { gathered[e] += weight * value[e] }
    }
    maximum = largest
  }

  var result: [Float] { gathered.map { $0 / sum } }
}
// end snippet

// snippet: WordClassifier
/// A classifier of bags of words: the mean of the words' embeddings, followed by one hidden layer.
final class WordClassifier: Module {
  let words: Embedding
  let hidden: Linear
  let output: Linear
  @Parameter var temperature = Tensor([1])

  init(vocabulary: Int, width: Int, classes: Int) {
    words = Embedding(vocabulary, width)
    hidden = Linear(width, width, activation: .tanh)
    output = Linear(width, classes)
  }

  /// [B, T] → [B, classes]
  func callAsFunction(_ ids: IndexTensor) -> Tensor {
    output(hidden(words(ids).mean(along: 1))) * temperature
  }
}
// end snippet

/// - Returns: the names of the parameters, and the logits of the model and of its copy.
func moduleExample(_ ids: IndexTensor) throws -> (names: [String], answer: [Float], copied: [Float]) {
  // snippet: ModuleNames
  let model = WordClassifier(vocabulary: 1_000, width: 16, classes: 3)
  let names = model.namedParameters.map(\.name)
  // words.weight, hidden.weight, hidden.bias, output.weight, output.bias, temperature
  // end snippet

  // snippet: ModuleState
  let copy = WordClassifier(vocabulary: 1_000, width: 16, classes: 3)
  try copy.load(model.stateDictionary)
  // end snippet
  return (names, model(ids).scalars, copy(ids).scalars)
}
