// Workloads: training steps with forward pass, backward pass and AdamW.
// Read next: ApusTraining/Optimizers/Adam.swift; ApusLanguage/GPT/GPT.swift.

import ApusLanguage
import ApusNN
import ApusTensor
import ApusTraining

let trainingWorkloads: [Workload] = [
  trainXOR(),
  trainGPT(
    "train_chargpt_4l4h128_b12t64",
    .init(vocabularySize: 65, contextLength: 64, layers: 4, heads: 4, width: 128), batch: 12, length: 64),
  trainGPT("train_gpt2_124m_b4t64", .gpt2, batch: 4, length: 64),
]

/// A step on the four examples of XOR with a 2-8-1 network, which is so small that only the overhead of calls matters.
private func trainXOR() -> Workload {
  Workload(
    name: "train_mlp_xor", limit: .overhead, items: ("steps/s", 1),
    prepare: { _ in
      let model = withSeed(1) { MLP(.init(sizes: [2, 8, 1], activation: .tanh)) }
      let optimizer = AdamW(model.parameters, learningRate: 0.01)
      let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
      let targets = Tensor([0, 1, 1, 0], shape: [4, 1])
      return {
        let (_, gradients) = valueAndGradients { (model(inputs) - targets).squared().mean() }
        optimizer.step(gradients)
      }
    })
}

/// A training step of a language model on random tokens.
private func trainGPT(_ name: String, _ c: GPT.Configuration, batch: Int, length: Int) -> Workload {
  let weights = c.layers * 12 * c.width * c.width + c.vocabularySize * c.width
  let tokens = Double(batch * length)
  return Workload(
    name: name, limit: .multiplyAdds,
    // Six operations per weight and token (forward pass and two gradients). Attention: seven products over the unmasked
    // half.
    operations: tokens
      * (6 * Double(weights) + Double(c.layers) * 7 * 2 * Double(c.width) * Double(length + 1) / 2),
    items: ("tokens/s", tokens),
    prepare: { _ in
      let (model, inputs, targets) = withSeed(1) {
        (
          GPT(c), randomTokens([batch, length], below: c.vocabularySize),
          randomTokens([batch, length], below: c.vocabularySize)
        )
      }
      let optimizer = AdamW(model.parameters, learningRate: 1e-3)
      return {
        let (_, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
        optimizer.step(gradients)
      }
    })
}

/// Random token ids from the current generator.
func randomTokens(_ shape: Shape, below count: Int) -> IndexTensor {
  IndexTensor(RandomGenerator.current.integers(count: shape.elementCount, below: count)).reshaped(to: shape)
}
