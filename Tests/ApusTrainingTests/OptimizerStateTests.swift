// What optimizers remember: saved, loaded and continued with the same bits; states that do not fit are refused whole.
// Read first: OptimizerParityTests.swift.

import ApusData
import ApusTensor
import ApusTraining
import Foundation
import Testing

@Suite struct OptimizerStateTests {
  /// The kinds of optimizer, over any variables.
  enum Kind: CaseIterable {
    case sgd, momentum, nesterov, adam, amsgrad, adamW

    func make(_ variables: [Variable]) -> any Optimizer {
      switch self {
      case .sgd: SGD(variables, learningRate: 0.1, weightDecay: 0.01)
      case .momentum: SGD(variables, learningRate: 0.1, momentum: 0.9, dampening: 0.2)
      case .nesterov: SGD(variables, learningRate: 0.1, momentum: 0.9, isNesterov: true)
      case .adam: Adam(variables, learningRate: 0.1)
      case .amsgrad: Adam(variables, learningRate: 0.1, usesLargestMoment: true)
      case .adamW: AdamW(variables, learningRate: 0.1, weightDecay: 0.1)
      }
    }

    /// Whether there is anything to remember.
    var hasState: Bool { self != .sgd }
  }

  private static let shapes: [Shape] = [[3, 5], [], [37]]

  private func variables() -> [Variable] {
    withSeed(1) { OptimizerStateTests.shapes.map { Variable(.randomNormal($0)) } }
  }

  /// Gradients of one step; in the second step the last variable has none.
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
      // Through a file, as a checkpoint goes.
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
    // Steps change memory in place, but not under the eyes of others.
    #expect(values.map(\.scalars) == copies.0 && state.map(\.tensor.scalars) == copies.1)
    #expect(zip(variables, values).allSatisfy { $0.value != $1 })
    #expect(!kind.hasState || zip(optimizer.state, state).contains { $0.tensor != $1.tensor })
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
    let grouped = run { a, b in
      AdamW(
        groups: [ParameterGroup([a], weightDecay: 0), ParameterGroup([b], learningRateScale: 0.5)],
        learningRate: 0.1, weightDecay: 0.2)
    }
    let undecayed = run { a, b in AdamW([a, b], learningRate: 0.1, weightDecay: 0) }
    let slow = run { a, b in AdamW([a, b], learningRate: 0.05, weightDecay: 0.2) }
    #expect(grouped.0 == undecayed.0 && grouped.1 == slow.1 && grouped.0 != grouped.1)
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
      let isAdam = kind == .amsgrad
      state[isAdam ? "step" : "hasVelocity"] = isAdam ? Tensor(1.5) : .zeros([9])
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
      let text = error?.description ?? ""
      #expect(error?.problems.count == 3, "\(text)")
      for part in ["\(names[0]): missing", "\(names[1]): expected shape [], found [2]"] {
        #expect(text.contains(part), "\(part) in: \(text)")
      }
      #expect(text.contains(isAdam ? "step: " : "hasVelocity: "), "\(text)")
      #expect(optimizer.state.map(\.tensor) == before, "a refused state has changed something")
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
      state["step"] = Tensor(step)
      let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
      #expect(error?.problems == ["step: expected a whole number"])
    }
  }

  @Test func impossibleSettingsStop() async {
    await #expect(processExitsWith: .failure) { _ = SGD([], momentum: 0, isNesterov: true) }
    await #expect(processExitsWith: .failure) { _ = SGD([], momentum: 0.9, dampening: 0.1, isNesterov: true) }
  }
}
