// Optimizers and gradient clipping compared with PyTorch's: ten steps of every case, each step compared.
// Read first: OptimizerFixture.swift. Read next: OptimizerStateTests.swift.

import ApusTensor
import ApusText
import ApusTraining
import ApusWeights
import Testing

@Suite struct OptimizerParityTests {
  private func make(_ kind: String, _ variables: [Variable], _ a: OptimizerCase.Arguments) throws -> any Optimizer {
    switch kind {
    case "sgd":
      return SGD(
        variables, learningRate: a.lr, momentum: try #require(a.momentum), dampening: try #require(a.dampening),
        weightDecay: a.weightDecay, isNesterov: a.nesterov == true, maximizes: a.maximize)
    case "rmsprop":
      return RMSprop(
        variables, learningRate: a.lr, smoothing: try #require(a.alpha), epsilon: try #require(a.eps),
        weightDecay: a.weightDecay, momentum: try #require(a.momentum), isCentered: a.centered == true,
        maximizes: a.maximize)
    case "adagrad":
      return Adagrad(
        variables, learningRate: a.lr, learningRateDecay: try #require(a.lrDecay), weightDecay: a.weightDecay,
        initialSum: try #require(a.initialAccumulatorValue), epsilon: try #require(a.eps), maximizes: a.maximize)
    case "adadelta":
      return Adadelta(
        variables, learningRate: a.lr, smoothing: try #require(a.rho), epsilon: try #require(a.eps),
        weightDecay: a.weightDecay, maximizes: a.maximize)
    default: return try makeAdam(kind, variables, a)
    }
  }

  private func makeAdam(
    _ kind: String, _ variables: [Variable], _ a: OptimizerCase.Arguments
  ) throws -> any Optimizer {
    let betas = try (#require(a.betas?.first), #require(a.betas?.last))
    let (rate, epsilon, decay) = (a.lr, try #require(a.eps), a.weightDecay)
    switch kind {
    case "adam":
      #expect(a.decoupledWeightDecay == false)
      return Adam(
        variables, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
        usesLargestMoment: a.amsgrad == true, maximizes: a.maximize)
    case "adamw":
      return AdamW(
        variables, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
        usesLargestMoment: a.amsgrad == true, maximizes: a.maximize)
    case "adamax":
      return Adamax(
        variables, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay, maximizes: a.maximize)
    case "nadam":
      return NAdam(
        variables, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
        momentumDecay: try #require(a.momentumDecay), isDecayDecoupled: a.decoupledWeightDecay == true,
        maximizes: a.maximize)
    default:
      #expect(kind == "radam")
      return RAdam(
        variables, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay,
        isDecayDecoupled: a.decoupledWeightDecay == true, maximizes: a.maximize)
    }
  }

  @Test(arguments: [
    ("sgd", 6), ("adam", 4), ("adamw", 3), ("adamax", 2), ("nadam", 3), ("radam", 3), ("rmsprop", 4), ("adagrad", 3),
    ("adadelta", 3),
  ])
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

  /// The gradients of a case before and after clipping.
  ///
  /// PyTorch clips in place, so the fixture's "gradient" is clipped as well; `undo` restores the original.
  private func clippingCase(
    _ name: String, undo: (Tensor) -> Tensor
  ) throws -> (gradients: Gradients, parts: [(variable: Variable, expected: Tensor)]) {
    let file = try SafetensorsFile(contentsOf: OptimizerCase.url("gradient_clipping.safetensors"))
    var gradients = Gradients()
    let parts = try ["weight", "bias"].map { part in
      let expected = try file.tensor(named: "\(name).\(part).clipped")
      let variable = Variable(.zeros(expected.shape))
      gradients[variable] = undo(expected)
      return (variable: variable, expected: expected)
    }
    return (gradients, parts)
  }

  /// The clipping factor is stored beside the gradients; every optimizer must apply it.
  private func expectClipped(
    _ gradients: Gradients, _ parts: [(variable: Variable, expected: Tensor)], _ name: String
  ) throws {
    SGD(parts.map(\.variable), learningRate: 1).step(gradients)
    for (variable, expected) in parts {
      let error = distance(-variable.value, expected)
      let allowed = 1e-6 + 1e-5 * (expected.scalars.map(abs).max() ?? 0)
      #expect(error <= allowed, "\(name): off by \(error)")
      #expect(distance(try #require(gradients[variable]), expected) <= allowed)
    }
  }

  @Test(
    arguments: [
      ("case0", 1, .euclidean), ("case1", 100, .euclidean), ("case2", 2, .absoluteSum), ("case3", 0.5, .largest),
    ] as [(String, Float, GradientNorm)])
  func gradientsClippedToANormAgree(name: String, limit: Float, kind: GradientNorm) throws {
    let norm = try SafetensorsFile(contentsOf: OptimizerCase.url("gradient_clipping.safetensors"))
      .tensor(named: name + ".total_norm").scalar
    let (gradients, parts) = try clippingCase(name) { $0 * max(1, (norm + 1e-6) / limit) }
    #expect(abs(gradients.norm(kind) - norm) <= 1e-6 + 1e-5 * norm)
    try expectClipped(gradients.clipped(toNorm: limit, kind), parts, name)
  }

  @Test func gradientsClippedToAValueAgree() throws {
    // PyTorch clipped all elements beyond ±0.4.
    let (gradients, parts) = try clippingCase("case4") { clipped in
      Tensor(clipped.scalars.map { abs($0) < 0.4 ? $0 : 2.5 * $0 }, shape: clipped.shape)
    }
    #expect(gradients.norm(.largest) == 1)
    try expectClipped(gradients.clipped(toValue: 0.4), parts, "case4")
    // The factor of an earlier clipping by norm is applied first.
    let halved = gradients.clipped(toNorm: gradients.norm / 2)
    let variable = parts[0].variable
    let (once, twice) = (try #require(halved[variable]), try #require(halved.clipped(toValue: 0.1)[variable]))
    #expect(zip(once.scalars, twice.scalars).allSatisfy { min(max($0, -0.1), 0.1) == $1 })
  }

  @Test(arguments: [1, 100] as [Float])
  func clippingIsForOptimizersThatForgetSizesToo(limit: Float) {
    // Adam is independent of the gradient's scale unless epsilon is large. One gradient is clipped by us, one
    // beforehand.
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

  /// The fixtures cover maximization only for SGD.
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
    // When clipping twice, the second limit applies to the result of the first.
    let twice = gradients.clipped(toNorm: 2).clipped(toNorm: 1)
    #expect(abs(twice.norm - 1) < 1e-6)
    SGD([variable], learningRate: 1).step(twice)
    #expect(distance(variable.value, Tensor([-0.6, -0.8])) < 1e-6)
  }
}
