// The code of the tour's chapter on training: Docs/Tour/07-training-xor.md.

import Apus
import Foundation

/// - Returns: the losses without and with a hidden layer, and the predictions of the network with one.
func xorExample() -> (linear: Float, hidden: Float, answers: [Int]) {
  // snippet: XORData
  let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  let targets = IndexTensor([0, 1, 1, 0])
  // end snippet

  // snippet: XORTraining
  func train(_ model: MLP, steps: Int) -> Float {
    let optimizer = Adam(model.parameters)
    let schedule = CosineSchedule(0.05, steps: steps)
    for step in 0..<steps {
      optimizer.learningRate = Float(schedule.learningRate(at: step))
      let (_, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
      optimizer.step(gradients)
    }
    return crossEntropy(model(inputs), targets).scalar
  }
  // end snippet

  // snippet: XORModels
  let line = withSeed(1) { MLP(.init(sizes: [2, 2])) }
  let bent = withSeed(1) { MLP(.init(sizes: [2, 8, 2], activation: .tanh)) }
  let (without, with) = (train(line, steps: 200), train(bent, steps: 200))
  // without: never below log 2 = 0.693; with: below 0.01
  // end snippet

  let scores = bent(inputs)
  let answers = (0..<4).map { row in scores[scalarAt: row, 1] > scores[scalarAt: row, 0] ? 1 : 0 }
  return (without, with, answers)
}

/// Gradient descent by hand, for the chapter's first step.
func descentExample() -> [Float] {
  // snippet: Descent
  let weight = Variable(Tensor([3]))
  let rate: Float = 0.1
  for _ in 0..<20 {
    let (_, gradients) = valueAndGradients { (weight.value - 1).squared().sum() }
    if let gradient = gradients[weight] { weight.value = weight.value - gradient * rate }
  }
  // w − 1 shrinks by 1 − 2·0.1 in every step: 2 · 0.8²⁰ = 0.023
  // end snippet
  return weight.value.scalars
}
