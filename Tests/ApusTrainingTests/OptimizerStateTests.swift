// Optimizer state: saving, loading and continuing give the same bits; states that do not match are rejected as a whole.
// Read first: OptimizerParityTests.swift.

import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import ApusWeights
import Foundation
import Testing

@Suite struct OptimizerStateTests {
  /// All optimizers, for any variables.
  enum Kind: CaseIterable {
    case sgd, momentum, nesterov, adam, amsgrad, adamW, adamax, nAdam, rAdam, rmsProp, centered, adagrad, adadelta

    func make(_ variables: [Variable]) -> any Optimizer {
      switch self {
      case .sgd: SGD(variables, learningRate: 0.1, weightDecay: 0.01)
      case .momentum: SGD(variables, learningRate: 0.1, momentum: 0.9, dampening: 0.2)
      case .nesterov: SGD(variables, learningRate: 0.1, momentum: 0.9, isNesterov: true)
      case .adam: Adam(variables, learningRate: 0.1)
      case .amsgrad: Adam(variables, learningRate: 0.1, usesLargestMoment: true)
      case .adamW: AdamW(variables, learningRate: 0.1, weightDecay: 0.1)
      case .adamax: Adamax(variables, learningRate: 0.1)
      case .nAdam: NAdam(variables, learningRate: 0.1, momentumDecay: 0.1)
      case .rAdam: RAdam(variables, learningRate: 0.1, betas: (0.9, 0.99), weightDecay: 0.1, isDecayDecoupled: true)
      case .rmsProp: RMSprop(variables, learningRate: 0.1)
      case .centered: RMSprop(variables, learningRate: 0.1, momentum: 0.9, isCentered: true)
      case .adagrad: Adagrad(variables, learningRate: 0.1, learningRateDecay: 0.1, initialSum: 0.1)
      case .adadelta: Adadelta(variables)
      }
    }
  }

  private static let shapes: [Shape] = [[3, 5], [], [37]]

  private func variables() -> [Variable] {
    withSeed(1) { OptimizerStateTests.shapes.map { Variable(.randomNormal($0)) } }
  }

  /// The gradients of one step; in the second step, the last variable has none.
  private func gradients(_ variables: [Variable], step: Int) -> Gradients {
    var gradients = Gradients()
    withSeed(100 + UInt64(step)) {
      for (index, variable) in variables.enumerated() where step != 1 || index != 2 {
        gradients[variable] = .randomNormal(OptimizerStateTests.shapes[index])
      }
    }
    return gradients
  }

  private func dictionary(_ optimizer: any Optimizer) -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: optimizer.state.map { ($0.name, $0.tensor) })
  }

  @Test(arguments: Kind.allCases)
  func continuesWithTheSameBits(kind: Kind) throws {
    let whole = variables()
    let uninterrupted = kind.make(whole)
    for step in 0..<6 { uninterrupted.step(gradients(whole, step: step)) }

    for stop in 0...5 {
      let first = variables()
      let optimizer = kind.make(first)
      for step in 0..<stop { optimizer.step(gradients(first, step: step)) }
      // The state goes through a file, as in a checkpoint.
      let state = try withTemporaryFolder { folder in
        let url = folder.appendingPathComponent("state.safetensors")
        try SafetensorsWriter.write(optimizer.state.map { ($0.name, $0.tensor) }, to: url)
        let file = try SafetensorsFile(contentsOf: url)
        return try Dictionary(
          uniqueKeysWithValues: file.entries.map { ($0.name, try file.tensor(named: $0.name)) })
      }
      let second = first.map { Variable($0.value) }
      let continued = kind.make(second)
      try continued.load(state: state)
      for step in stop..<6 { continued.step(gradients(second, step: step)) }
      for (a, b) in zip(second, whole) { #expect(a.value == b.value, "stopped after \(stop)") }
      for (a, b) in zip(continued.state, uninterrupted.state) {
        #expect(a.name == b.name && a.tensor == b.tensor, "stopped after \(stop): \(a.name)")
      }
    }
  }

  @Test(arguments: Kind.allCases)
  func aStateIsASnapshot(kind: Kind) {
    let variables = variables()
    let optimizer = kind.make(variables)
    optimizer.step(gradients(variables, step: 0))
    let (values, state) = (variables.map(\.value), optimizer.state)
    let copies = (values.map(\.scalars), state.map(\.tensor.scalars))
    optimizer.step(gradients(variables, step: 2))
    // Steps modify memory in place, but never memory that others share.
    #expect(values.map(\.scalars) == copies.0 && state.map(\.tensor.scalars) == copies.1)
    #expect(zip(variables, values).allSatisfy { $0.value != $1 })
    #expect(zip(optimizer.state, state).contains { $0.tensor != $1.tensor })
  }

  @Test(arguments: Kind.allCases)
  func parametersWithoutGradientStay(kind: Kind) {
    let variables = variables()
    let optimizer = kind.make(variables)
    optimizer.step(gradients(variables, step: 0))
    let before = variables.map(\.value)
    optimizer.step(gradients(variables, step: 1))
    #expect(variables[0].value != before[0] && variables[1].value != before[1] && variables[2].value == before[2])
    optimizer.step(Gradients())
    #expect(variables[2].value == before[2])
  }

  @Test func learningRateOfZeroChangesNothing() {
    for kind in Kind.allCases {
      let variables = variables()
      let optimizer = kind.make(variables)
      optimizer.learningRate = 0
      let before = variables.map(\.value)
      optimizer.step(gradients(variables, step: 0))
      #expect(zip(variables, before).allSatisfy { $0.value == $1 }, "\(kind)")
    }
  }

  @Test func groupsHaveDecaysAndRatesOfTheirOwn() {
    func run(_ optimizer: (_ a: Variable, _ b: Variable) -> any Optimizer) -> (Tensor, Tensor) {
      let (a, b) = (Variable(Tensor([1, -2])), Variable(Tensor([1, -2])))
      let optimizer = optimizer(a, b)
      for step in 0..<3 {
        var gradients = Gradients()
        for variable in [a, b] { gradients[variable] = Tensor([0.5, Float(step)]) }
        optimizer.step(gradients)
      }
      return (a.value, b.value)
    }
    func expectGroups(_ make: (_ parameters: [any Trainable], _ rate: Float, _ decay: Float) -> any Optimizer) {
      let grouped = run { a, b in
        make([ParameterGroup([a], weightDecay: 0), ParameterGroup([b], learningRateScale: 0.5)], 0.1, 0.2)
      }
      let undecayed = run { a, b in make([a, b], 0.1, 0) }
      let slow = run { a, b in make([a, b], 0.05, 0.2) }
      #expect(grouped.0 == undecayed.0 && grouped.1 == slow.1 && grouped.0 != grouped.1)
      // Groups and single parameters can be combined.
      let mixed = run { a, b in make([b, ParameterGroup([a], weightDecay: 0)], 0.1, 0.2) }
      #expect(mixed.0 == undecayed.0 && mixed.1 != undecayed.1)
    }
    expectGroups { AdamW($0, learningRate: $1, weightDecay: $2) }
    expectGroups { SGD($0, learningRate: $1, momentum: 0.9, weightDecay: $2) }
    expectGroups { RAdam($0, learningRate: $1, weightDecay: $2) }
    expectGroups { Adagrad($0, learningRate: $1, weightDecay: $2) }
    expectGroups { Adadelta($0, learningRate: $1, weightDecay: $2) }
  }

  /// Bias corrections count a parameter's own gradients, as in PyTorch, not the steps of other parameters.
  @Test(arguments: Kind.allCases)
  func aLateParameterBeginsAtTheBeginning(kind: Kind) {
    let (early, late) = (Variable(Tensor([1, 2])), Variable(Tensor([1, 2])))
    let optimizer = kind.make([early, late])
    var values: [Tensor] = []
    for step in 0..<6 {
      var gradients = Gradients()
      gradients[early] = Tensor([0.5, -Float(step)])
      if step >= 3 { gradients[late] = Tensor([0.5, 3 - Float(step)]) }
      optimizer.step(gradients)
      if step == 2 { values.append(early.value) }
    }
    #expect(late.value == values[0] && early.value != late.value)
  }

  // MARK: States that do not fit

  @Test func missingAndMisshapenEntriesAreListed() throws {
    for kind in [Kind.momentum, .amsgrad] {
      let variables = variables()
      let optimizer = kind.make(variables)
      optimizer.step(gradients(variables, step: 0))
      let before = optimizer.state.map(\.tensor)
      var state = dictionary(optimizer)
      let names = optimizer.state.map(\.name).filter { $0.contains(".") }
      state[names[0]] = nil
      state[names[1]] = .zeros([2])
      state["step"] = kind == .amsgrad ? Tensor([1, 1.5, 1]) : .zeros([9])
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
      let text = error?.description ?? ""
      #expect(error?.problems.count == 3, "\(text)")
      for part in ["\(names[0]): missing", "\(names[1]): expected shape [], found [2]"] {
        #expect(text.contains(part), "\(part) in: \(text)")
      }
      #expect(text.contains("step: expected 3 whole numbers"), "\(text)")
      #expect(optimizer.state.map(\.tensor) == before, "a rejected state has changed the optimizer")
    }
  }

  @Test(arguments: Kind.allCases, Kind.allCases)
  func statesOfOtherKindsAreRefused(saved: Kind, loading: Kind) throws {
    let names = { (kind: Kind) in Set(kind.make(self.variables()).state.map(\.name)) }
    let state = dictionary(saved.make(variables()))
    let optimizer = loading.make(variables())
    if names(saved) == names(loading) {
      try optimizer.load(state: state)
    } else {
      #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
    }
  }

  @Test func statesOfMoreParametersAreRefused() {
    for kind in [Kind.momentum, .adam] {
      let state = dictionary(kind.make(variables()))
      let optimizer = kind.make(Array(variables().prefix(2)))
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
      #expect(error?.description.contains(".2: unexpected") == true, "\(error?.description ?? "")")
    }
  }

  @Test func negativeStepsAreRefused() {
    let optimizer = Kind.adam.make(variables())
    for step in [-1, .nan, .infinity] as [Float] {
      var state = dictionary(optimizer)
      state["step"] = Tensor([0, step, 0])
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
      #expect(error?.problems == ["step: expected 3 whole numbers, one for every parameter"])
    }
  }

  @Test func impossibleSettingsStop() async {
    await #expect(processExitsWith: .failure) { _ = SGD([], momentum: 0, isNesterov: true) }
    await #expect(processExitsWith: .failure) { _ = SGD([], momentum: 0.9, dampening: 0.1, isNesterov: true) }
    await #expect(processExitsWith: .failure) { SGD([]).momentum = 0.9 }
    await #expect(processExitsWith: .failure) { RMSprop([]).momentum = 0.9 }
    await #expect(processExitsWith: .failure) {
      let variable = Variable(Tensor([1]))
      _ = Adam([variable, ParameterGroup([variable])])
    }
  }

  @Test func misshapenGradientsStop() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let variable = Variable(Tensor([1, 2]))
      var gradients = Gradients()
      gradients[variable] = Tensor([1])
      Adam([variable]).step(gradients)
    }
    let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(message.contains("Adam: a gradient of shape [1] for a parameter of shape [2]"), "\(message)")
  }
}
