// Models with prepacked weights: the same results and the same files, until the weights change.

import ApusNN
import ApusTensor
import Testing

@Suite struct PrepackingTests {
  private final class Block: Module {
    let attention = MultiheadAttention(48, heads: 3)
    let network = FeedForward(48, intermediateSize: 100)
    let words = Embedding(70, 48)

    func callAsFunction(_ x: Tensor) -> Tensor { words.logits(network(x + attention(x))) }
  }

  @Test func packsEveryLinearLayer() {
    let model = withSeed(1) { Block() }
    let x = withSeed(2) { Tensor.randomNormal([2, 20, 48]) }
    let (before, parameters) = (model(x).scalars, model.namedParameters.map { ($0.name, $0.variable.value.scalars) })
    model.prepack()
    #expect(model.network.expansion.weight.isPrepacked && model.network.contraction.weight.isPrepacked)
    #expect(model.attention.output.weight.isPrepacked && !model.words.weight.isPrepacked)
    model.words.prepack()
    #expect(model.words.weight.isPrepacked)
    #expect(model(x).scalars == before)
    for (parameter, old) in zip(model.namedParameters, parameters) {
      #expect(parameter.name == old.0 && parameter.variable.value.scalars == old.1)
    }
    // Prepacking twice has the same effect as prepacking once.
    model.prepack()
    #expect(model(x).scalars == before)
  }

  @Test func changedWeightsAreNotPacked() {
    let layer = withSeed(1) { Linear(9, 50) }
    let x = withSeed(2) { Tensor.randomNormal([20, 9]) }
    layer.prepack()
    let packed = layer.weight
    let (_, gradients) = valueAndGradients { layer(x).squared().mean() }
    let gradient = gradients[layer.$weight!]
    layer.weight = layer.weight - gradient! * 0.5
    #expect(packed.isPrepacked && !layer.weight.isPrepacked)
    let plain = linear(x, weight: layer.weight + 0, bias: layer.bias)
    #expect(layer(x).scalars == plain.scalars)
  }
}
