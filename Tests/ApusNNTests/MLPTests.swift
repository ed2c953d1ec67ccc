// The multilayer perceptron: its sizes and gradients, and XOR, which a linear model cannot learn.

import ApusNN
import ApusTensor
import ApusTesting
import ApusTraining
import Testing

@Suite struct MLPTests {
  private static let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  private static let targets = Tensor([0, 1, 1, 0], shape: [4, 1])

  /// Trains on the four examples of XOR; the mean squared error at the end.
  private func lossAfterTraining(_ sizes: [Int], activation: Activation, seed: UInt64 = 1) -> (Float, MLP) {
    let model = withSeed(seed) { MLP(.init(sizes: sizes, activation: activation)) }
    let optimizer = Adam(model.parameters, learningRate: 0.05)
    for _ in 0..<400 {
      let (_, gradients) = valueAndGradients { meanSquaredError(model(MLPTests.inputs), MLPTests.targets) }
      optimizer.step(gradients)
    }
    return (meanSquaredError(model(MLPTests.inputs), MLPTests.targets).scalar, model)
  }

  @Test(arguments: [Activation.tanh, .gelu, .sigmoid])
  func learnsXOR(activation: Activation) {
    let (loss, model) = lossAfterTraining([2, 8, 1], activation: activation)
    #expect(loss < 0.01, "\(loss)")
    let decisions = model(MLPTests.inputs).scalars.map { $0 > 0.5 }
    #expect(decisions == [false, true, true, false])
  }

  @Test func aLinearModelCannotLearnXOR() {
    // The best linear answer is ½ everywhere: mean squared error ¼.
    let (loss, model) = lossAfterTraining([2, 1], activation: .tanh)
    #expect(abs(loss - 0.25) < 1e-3, "\(loss)")
    #expect(model(MLPTests.inputs).scalars.allSatisfy { abs($0 - 0.5) < 0.05 })
    // Depth alone does not help: layers without a nonlinearity are one linear map.
    #expect(loss > 0.249)
  }

  @Test(arguments: Activation.allCases.filter { $0 != .relu })
  func gradients(activation: Activation) {
    let model = withSeed(2) { MLP(.init(sizes: [3, 5, 4, 2], activation: activation)) }
    let x = Samples.normal([4, 3])
    let parameters = checkGradients(ofParameters: model.namedParameters) { model(x) }
    #expect(parameters.passed && parameters.largestDerivative > 1e-2, "\(parameters)")
    let inputs = checkGradients(of: { model($0[0]) }, at: [x])
    #expect(inputs.passed && inputs.largestDerivative > 1e-3, "\(inputs)")
  }

  @Test func sizesAndNames() {
    let model = MLP(.init(sizes: [3, 5, 2]))
    #expect(model.parameterCount == 3 * 5 + 5 + 5 * 2 + 2)
    #expect(
      model.namedParameters.map(\.name) == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    #expect(model(.zeros([4, 6, 3])).shape == [4, 6, 2])
  }

  @Test func theLastLayerIsLinear() {
    let model = MLP(.init(sizes: [1, 1], activation: .relu))
    (model.layers[0].weight, model.layers[0].bias) = (Tensor([2], shape: [1, 1]), Tensor([-5]))
    #expect(model(Tensor([1], shape: [1, 1])).scalar == -3)
    let deep = MLP(.init(sizes: [1, 1, 1], activation: .relu))
    for layer in deep.layers { (layer.weight, layer.bias) = (Tensor([1], shape: [1, 1]), Tensor([-5])) }
    #expect(deep(Tensor([1], shape: [1, 1])).scalar == -5)
    #expect(deep(Tensor([7], shape: [1, 1])).scalar == -3)
  }

  @Test func tooFewSizesStop() async {
    await #expect(processExitsWith: .failure) { _ = MLP.Configuration(sizes: [3]) }
    await #expect(processExitsWith: .failure) { _ = MLP.Configuration(sizes: []) }
  }
}
