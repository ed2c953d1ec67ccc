// SGD, Adam, AdamW and gradient clipping beside PyTorch's: ten steps of every case, each step compared.
// Read first: OptimizerFixture.swift. Read next: OptimizerStateTests.swift.

import ApusData
import ApusTensor
import ApusTraining
import Testing

@Suite struct OptimizerParityTests {
  private func make(_ kind: String, _ variables: [Variable], _ a: OptimizerCase.Arguments) throws -> any Optimizer {
    if kind == "sgd" {
      return SGD(
        variables, learningRate: a.lr, momentum: try #require(a.momentum), dampening: try #require(a.dampening),
        weightDecay: a.weightDecay, isNesterov: a.nesterov == true, maximizes: a.maximize)
    }
    let betas = try #require(a.betas)
    let epsilon = try #require(a.eps)
    if kind == "adam" {
      #expect(a.decoupledWeightDecay == false)
      return Adam(
        variables, learningRate: a.lr, betas: (betas[0], betas[1]), epsilon: epsilon, weightDecay: a.weightDecay,
        usesLargestMoment: a.amsgrad == true, maximizes: a.maximize)
    }
    return AdamW(
      variables, learningRate: a.lr, betas: (betas[0], betas[1]), epsilon: epsilon, weightDecay: a.weightDecay,
      usesLargestMoment: a.amsgrad == true, maximizes: a.maximize)
  }

  @Test(arguments: [("sgd", 6), ("adam", 4), ("adamw", 3)])
  func trajectoriesAgree(kind: String, count: Int) throws {
    let cases = try OptimizerCase.all(kind)
    #expect(cases.count == count)
    for example in cases {
      let variables = example.parameters.map { Variable($0.initial) }
      let optimizer = try make(kind, variables, example.arguments)
      #expect(example.steps == 10)
      for step in 0..<example.steps {
        var gradients = Gradients()
        for (variable, parameter) in zip(variables, example.parameters) {
          gradients[variable] = row(parameter.gradients, step)
        }
        optimizer.step(gradients)
        for (variable, parameter) in zip(variables, example.parameters) {
          let error = distance(variable.value, row(parameter.trajectory, step))
          #expect(error <= 1e-5, "\(example.name), \(parameter.name) after step \(step): off by \(error)")
        }
      }
    }
  }

  /// The factor of clipping is kept beside the gradients; every optimizer must apply it.
  @Test(arguments: [("case0", 1), ("case1", 100)] as [(String, Float)])
  func clippedGradientsAgree(name: String, limit: Float) throws {
    let file = try SafetensorsFile(contentsOf: OptimizerCase.url("gradient_clipping.safetensors"))
    let norm = try file.tensor(named: name + ".total_norm").scalar
    var gradients = Gradients()
    let parts = try ["weight", "bias"].map { part in
      let expected = try file.tensor(named: "\(name).\(part).clipped")
      // PyTorch clips in place, and the fixture's "gradient" was clipped with it: undo that to get the original.
      let original = expected * max(1, (norm + 1e-6) / limit)
      let variable = Variable(.zeros(expected.shape))
      gradients[variable] = original
      return (variable: variable, expected: expected)
    }
    #expect(abs(gradients.norm - norm) <= 1e-6 + 1e-5 * norm)
    gradients = gradients.clipped(toNorm: limit)
    SGD(parts.map(\.variable), learningRate: 1).step(gradients)
    for (variable, expected) in parts {
      let error = distance(-variable.value, expected)
      let allowed = 1e-6 + 1e-5 * (expected.scalars.map(abs).max() ?? 0)
      #expect(error <= allowed, "\(name): off by \(error)")
      #expect(distance(try #require(gradients[variable]), expected) <= allowed)
    }
    // Adam forgets the size of a gradient, but for a large epsilon: clipped by us, and by PyTorch.
    let (ours, theirs) = (Variable(Tensor([0, 0])), Variable(Tensor([0, 0])))
    var (raw, ready) = (Gradients(), Gradients())
    (raw[ours], ready[theirs]) = (Tensor([30, 40]), Tensor([0.6, 0.8]) * min(50, limit))
    let optimizers = [Adam([ours], learningRate: 0.1, epsilon: 0.5), Adam([theirs], learningRate: 0.1, epsilon: 0.5)]
    for _ in 0..<3 {
      optimizers[0].step(raw.clipped(toNorm: limit))
      optimizers[1].step(ready)
    }
    #expect(distance(ours.value, theirs.value) <= 1e-5 && ours.value != Tensor([0, 0]))
  }

  /// The fixtures maximize with SGD only.
  @Test func maximizingIsMinimizingTheNegative() {
    func run(maximizes: Bool, decoupled: Bool) -> Tensor {
      let variable = Variable(Tensor([0.3, -2]))
      let optimizer =
        decoupled
        ? AdamW([variable], weightDecay: 0.1, maximizes: maximizes)
        : Adam([variable], usesLargestMoment: true, maximizes: maximizes)
      for step in 0..<4 {
        var gradients = Gradients()
        gradients[variable] = Tensor([0.5, Float(step) - 1.5]) * (maximizes ? -1 : 1)
        optimizer.step(gradients)
      }
      return variable.value
    }
    for decoupled in [false, true] {
      let minimized = run(maximizes: false, decoupled: decoupled)
      #expect(run(maximizes: true, decoupled: decoupled) == minimized && minimized != Tensor([0.3, -2]))
    }
  }

  @Test func aSmallNormIsNotClipped() throws {
    let variable = Variable(Tensor([0, 0]))
    var gradients = Gradients()
    gradients[variable] = Tensor([3, 4])
    #expect(gradients.norm == 5)
    #expect(gradients.clipped(toNorm: 5.1)[variable] == Tensor([3, 4]))
    // Twice: the second limit is on what the first one left.
    let twice = gradients.clipped(toNorm: 2).clipped(toNorm: 1)
    #expect(abs(twice.norm - 1) < 1e-6)
    SGD([variable], learningRate: 1).step(twice)
    #expect(distance(variable.value, Tensor([-0.6, -0.8])) < 1e-6)
  }
}
