// The operations that have a fixture, each as a function of a case: to add one, copy its two files and add an entry.
// Read first: ParityTests.swift, Fixture.swift. Read next: ParityOperations+Axes.swift.

import ApusTensor
import Testing

/// An operation as PyTorch has it, in terms of this package's public ones.
struct ParityOperation: Sendable, CustomTestStringConvertible {
  /// The name of the files in Fixtures/ops.
  let fixture: String
  /// Cases that cannot be expressed, and why.
  let omitted: [String: String]
  let function: @Sendable (ParityCase) throws -> Tensor

  init(
    _ fixture: String, omitting omitted: [String: String] = [:],
    _ function: @escaping @Sendable (ParityCase) throws -> Tensor
  ) {
    (self.fixture, self.omitted, self.function) = (fixture, omitted, function)
  }

  var testDescription: String { fixture }

  static let all: [ParityOperation] = network + selection + statistics + losses + composed

  private static let network = [
    ParityOperation("linear") { try linear($0.tensor("input"), weight: $0.tensor("weight"), bias: $0.tensors["bias"]) },
    ParityOperation("matmul") { try $0.tensor("input").matmul($0.tensor("other")) },
    ParityOperation("relu") { try $0.tensor("input").relu() },
    ParityOperation("leaky_relu") { try $0.tensor("input").leakyRelu(slope: $0.number("negative_slope") ?? 0.01) },
    ParityOperation("elu") { try $0.tensor("input").elu(alpha: $0.number("alpha") ?? 1) },
    ParityOperation("sigmoid") { try $0.tensor("input").sigmoid() },
    ParityOperation("tanh") { try $0.tensor("input").tanh() },
    ParityOperation("silu") { try $0.tensor("input").silu() },
    ParityOperation("gelu") {
      try $0.tensor("input").gelu(approximation: $0.text("approximate") == "tanh" ? .tanh : .none)
    },
    ParityOperation("softmax") { try $0.tensor("input").softmax(along: $0.integer("dim") ?? -1) },
    ParityOperation("layer_norm") {
      try layerNorm(
        $0.tensor("input"), weight: $0.tensors["weight"], bias: $0.tensors["bias"], epsilon: $0.number("eps") ?? 1e-5)
    },
    ParityOperation("rms_norm") {
      try rmsNorm($0.tensor("input"), weight: $0.tensors["weight"], epsilon: $0.number("eps") ?? 1e-6)
    },
    ParityOperation("group_norm") {
      try groupNorm(
        $0.tensor("input"), groups: $0.integer("num_groups") ?? 1, weight: $0.tensors["weight"],
        bias: $0.tensors["bias"], epsilon: $0.number("eps") ?? 1e-5)
    },
    ParityOperation("scaled_dot_product_attention") { example in
      let mask = AttentionMask(
        causalOffset: example.flag("is_causal") ? 0 : nil, allowed: example.masks["attn_mask"],
        bias: example.tensors["attn_mask"])
      return try scaledDotProductAttention(
        query: example.tensor("query"), key: example.tensor("key"), value: example.tensor("value"), mask: mask,
        scale: example.number("scale"))
    },
    ParityOperation("embedding") {
      try $0.tensor("weight").gathering($0.index("input"), padding: $0.integer("padding_idx"))
    },
  ]

  private static let losses = [
    ParityOperation(
      "cross_entropy",
      omitting: [
        "case1": "label smoothing", "case3": "class weights", "case4": "both", "case5": "class weights",
        "case8": "label smoothing", "case9": "class probabilities", "case10": "class probabilities",
      ]
    ) { example in
      let logits = try example.tensor("input").withClassesLast()
      return crossEntropy(
        logits, try example.index("target"), ignoring: Int32(example.integer("ignore_index") ?? -100),
        reduction: ["mean": .mean, "sum": .sum, "none": .none][example.text("reduction") ?? "mean"] ?? .mean)
    },
    ParityOperation("nll") { example in
      let (x, targets) = (try example.tensor("input").withClassesLast(), try example.index("target"))
      let classes = x.shape[x.rank - 1]
      let ignored = Int32(example.integer("ignore_index") ?? -100)
      let places = targets.indices.enumerated().map { $0.offset * classes + max(0, Int($0.element)) }
      let classWeights = example.tensors["weight"]?.scalars
      let weights = targets.indices.map { $0 == ignored ? 0 : classWeights?[Int($0)] ?? 1 }
      let losses = -(x.reshaped(-1).gathering(IndexTensor(places)) * Tensor(weights)).reshaped(to: targets.shape)
      if example.text("reduction") == "mean" { return losses.sum() / weights.reduce(0, +) }
      return losses.reduced(example)
    },
    ParityOperation("mse") { try ($0.tensor("input") - $0.tensor("target")).squared().reduced($0) },
    ParityOperation("l1") { try ($0.tensor("input") - $0.tensor("target")).absoluteValue().reduced($0) },
    ParityOperation("smooth_l1") { try $0.huber(limit: $0.number("beta") ?? 1).reduced($0) / ($0.number("beta") ?? 1) },
    ParityOperation("huber") { try $0.huber(limit: $0.number("delta") ?? 1).reduced($0) },
    ParityOperation("kl_div") { example in
      let target = try example.tensor("target")
      let logTarget = example.flag("log_target") ? target : maximum(target, Tensor(1e-30)).log()
      let weight = example.flag("log_target") ? target.exp() : target
      return (weight * (logTarget - (try example.tensor("input")))).reduced(example)
    },
    ParityOperation("bce_with_logits") { example in
      let (x, target) = (try example.tensor("input"), try example.tensor("target"))
      // log(1 + e⁻ˣ) without overflow.
      let softplus = (1 + (-x.absoluteValue()).exp()).log() + (-x).relu()
      let positive = example.tensors["pos_weight"].map { 1 + ($0 - 1) * target } ?? .ones(x.shape)
      let losses = (1 - target) * x + positive * softplus
      return (example.tensors["weight"].map { losses * $0 } ?? losses).reduced(example)
    },
  ]

  /// What is put together from several operations: it pins down arithmetic, reductions and elementary functions.
  private static let composed = [
    ParityOperation("log_softmax") { example in
      let x = try example.tensor("input")
      return x - x.logSumExp(along: [example.integer("dim") ?? -1], keepingDimensions: true)
    }
  ]
}

extension Tensor {
  /// [batch, classes, ..] → [batch, .., classes]; a matrix stays as it is.
  fileprivate func withClassesLast() -> Tensor {
    permuted([0] + Array(2..<Swift.max(2, rank)) + [1])
  }

  /// Losses reduced as a case's "reduction" says.
  fileprivate func reduced(_ example: ParityCase) -> Tensor {
    switch example.text("reduction") {
    case "mean": mean()
    case "sum": sum()
    case "batchmean": sum() * (1 / Float(shape[0]))
    default: self
    }
  }
}

extension ParityCase {
  /// ½ min(|d|, δ)² + δ(|d| − min(|d|, δ))
  fileprivate func huber(limit: Float) throws -> Tensor {
    let distance = try (tensor("input") - tensor("target")).absoluteValue()
    let near = minimum(distance, Tensor(limit))
    return 0.5 * near.squared() + limit * (distance - near)
  }
}
