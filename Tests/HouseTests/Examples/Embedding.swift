// The README's example: a network that learns XOR, its file, and the same network from the file.

// snippet: Embedding
import Apus
import Foundation

// end snippet

/// - Returns: the last loss, and what the network and its saved copy answer.
func embeddingExample() throws -> (loss: Float, scores: [Float], savedScores: [Float]) {
  // snippet: Embedding
  // Four examples, two classes.
  let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  let targets = IndexTensor([0, 1, 1, 0])

  let model = withSeed(1) { MLP(.init(sizes: [2, 8, 2], activation: .tanh)) }
  let optimizer = AdamW(model.parameters, learningRate: 0.05)
  for step in 1...300 {
    let (loss, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
    optimizer.step(gradients.clipped(toNorm: 1))
    if step % 100 == 0 { print("step \(step): loss \(loss.scalar)") }
  }
  print(model)

  // Save the weights, and load them into another model of the same sizes.
  let file = FileManager.default.temporaryDirectory.appendingPathComponent("xor.safetensors")
  try SafetensorsWriter.write(model.stateDictionary.entries, to: file)

  let saved = try SafetensorsFile(contentsOf: file)
  let copy = MLP(model.configuration)
  try copy.load(StateDictionary(saved.entries.map { ($0.name, try saved.tensor(named: $0.name)) }))
  print(copy(inputs).softmax())
  // end snippet
  let loss = crossEntropy(model(inputs), targets).scalar
  return (loss, model(inputs).scalars, copy(inputs).scalars)
}
