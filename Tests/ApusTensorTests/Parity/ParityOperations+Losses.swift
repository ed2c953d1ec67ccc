// The losses that have a fixture, each as a function of a case. Read first: ParityOperations.swift.

import ApusTensor

extension ParityOperation {
  static let losses = [
    ParityOperation("cross_entropy") { example in
      let (x, axis) = (try example.tensor("input"), try example.tensor("input").rank == 1 ? 0 : 1)
      let (weight, smoothing) = (example.tensors["weight"], example.number("label_smoothing") ?? 0)
      if let probabilities = example.tensors["target"] {
        return crossEntropy(
          x, probabilities, weight: weight, labelSmoothing: smoothing, along: axis, reduction: try example.reduction())
      }
      return crossEntropy(
        x, try example.index("target"), weight: weight, ignoring: Int32(example.integer("ignore_index") ?? -100),
        labelSmoothing: smoothing, along: axis, reduction: try example.reduction())
    },
    ParityOperation("nll") {
      negativeLogLikelihood(
        try $0.tensor("input"), try $0.index("target"), weight: $0.tensors["weight"],
        ignoring: Int32($0.integer("ignore_index") ?? -100), along: 1, reduction: try $0.reduction())
    },
    ParityOperation("mse") {
      meanSquaredError(try $0.tensor("input"), try $0.tensor("target"), reduction: try $0.reduction())
    },
    ParityOperation("l1") {
      meanAbsoluteError(try $0.tensor("input"), try $0.tensor("target"), reduction: try $0.reduction())
    },
    ParityOperation("smooth_l1") {
      smoothL1Loss(
        try $0.tensor("input"), try $0.tensor("target"), beta: $0.number("beta") ?? 1, reduction: try $0.reduction())
    },
    ParityOperation("huber") {
      huberLoss(
        try $0.tensor("input"), try $0.tensor("target"), delta: $0.number("delta") ?? 1, reduction: try $0.reduction())
    },
    ParityOperation("kl_div") {
      klDivergence(
        try $0.tensor("input"), try $0.tensor("target"), logTarget: $0.flag("log_target"),
        reduction: try $0.reduction())
    },
    ParityOperation("bce_with_logits") {
      binaryCrossEntropyWithLogits(
        try $0.tensor("input"), try $0.tensor("target"), weight: $0.tensors["weight"],
        posWeight: $0.tensors["pos_weight"], reduction: try $0.reduction())
    },
  ]
}

extension ParityCase {
  fileprivate func reduction() throws -> LossReduction {
    switch text("reduction") {
    case "mean": .mean
    case "sum": .sum
    case "none": .none
    case "batchmean": .batchMean
    case let other: throw FixtureError(description: "\(name): reduction \(other ?? "missing")")
    }
  }
}
