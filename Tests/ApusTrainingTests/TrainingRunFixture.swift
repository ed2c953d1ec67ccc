// A training run that is small enough to be repeated many times: a network with dropout, trained on random points.
// Read next: TrainingRunTests.swift, ResumeTests.swift.

import ApusNN
import ApusTensor
import ApusTraining
import Foundation
import Testing

/// The settings of a run.
struct Scenario: Sendable {
  enum OptimizerKind: Sendable { case momentum, adamW }

  var steps = 12
  var validationInterval = 3
  var checkpointInterval = 4
  var clippingNorm: Float? = 1
  var seed: UInt64 = 7
  var dropout: Float = 0
  var hidden = 6
  var optimizer = OptimizerKind.adamW

  /// A new run, whose model always has the same initial weights.
  func run(in folder: URL?) -> TrainingRun {
    let model = withSeed(3) {
      Sequential {
        Linear(2, hidden, activation: .tanh)
        Dropout(dropout)
        Linear(hidden, 1)
      }
    }
    let optimizer: any Optimizer =
      switch optimizer {
      case .momentum: SGD(model.parameters, momentum: 0.9)
      case .adamW: AdamW(model.parameters, weightDecay: 0.1)
      }
    return TrainingRun(
      model: model, optimizer: optimizer,
      schedule: WarmupCosineSchedule(peak: 0.05, floor: 0.001, warmup: 3, total: steps),
      settings: .init(
        steps: steps, validationInterval: validationInterval, checkpointInterval: checkpointInterval,
        clippingNorm: clippingNorm, seed: seed),
      folder: folder)
  }
}

extension TrainingRun {
  /// The model as a `Sequential`, which it is in every `Scenario`.
  var network: Sequential {
    guard let network = model as? Sequential else { preconditionFailure("not a scenario's run") }
    return network
  }

  /// The loss of learning x₀·x₁ from points that are drawn anew in every step.
  func loss(_ generator: RandomGenerator) -> Tensor {
    let x = Tensor.randomUniform([8, 2], from: -1, to: 1, using: generator)
    let y = x.slice(0..<1, along: 1) * x.slice(1..<2, along: 1)
    return meanSquaredError(network(x), y)
  }

  func validationLoss() -> Float {
    let x = Tensor([-1, -1, -0.5, 1, 0.25, 0.5, 1, -1], shape: [4, 2])
    return meanSquaredError(network(x), Tensor([1, -0.5, 0.125, -1], shape: [4, 1])).scalar
  }

  /// Trains with the scenario's loss.
  @discardableResult
  func trainAll(
    stoppingAfter stop: Int = .max, onStep: (Progress) -> Void = { _ in }
  ) throws -> Outcome {
    try train(loss: loss, validate: validationLoss, onStep: onStep, shouldStop: { self.step >= stop })
  }
}

/// Expects two runs to be equal in everything but the seconds.
func expectSameRun(_ a: TrainingRun, _ b: TrainingRun, _ what: String) {
  #expect(a.step == b.step, "\(what)")
  let (ours, theirs) = (a.model.stateDictionary.entries, b.model.stateDictionary.entries)
  #expect(ours.map(\.name) == theirs.map(\.name) && ours.map(\.tensor) == theirs.map(\.tensor), "\(what): model")
  #expect(a.optimizer.state.map(\.tensor) == b.optimizer.state.map(\.tensor), "\(what): optimizer")
  #expect(a.best?.loss == b.best?.loss && a.best?.step == b.best?.step, "\(what): best")
  func withoutSeconds(_ log: MetricsLog) -> [StepMetrics] {
    log.rows.map { row in
      var row = row
      row.seconds = 0
      return row
    }
  }
  #expect(withoutSeconds(a.log) == withoutSeconds(b.log), "\(what): log")
}
