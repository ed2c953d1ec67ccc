// The operations that have a fixture, each as a function of a case. To add one, copy its two files and add an entry.
// Read first: ParityTests.swift, Fixture.swift. Read next: ParityOperations+Axes.swift.

import ApusTensor
import Testing

/// A PyTorch operation, expressed with this package's public operations.
struct ParityOperation: Sendable, CustomTestStringConvertible {
  /// The name of the files in Fixtures/ops.
  let fixture: String
  /// Cases that cannot be expressed, with the reasons.
  let omitted: [String: String]
  let function: @Sendable (ParityCase) throws -> Tensor

  init(
    _ fixture: String, omitting omitted: [String: String] = [:],
    _ function: @escaping @Sendable (ParityCase) throws -> Tensor
  ) {
    (self.fixture, self.omitted, self.function) = (fixture, omitted, function)
  }

  var testDescription: String { fixture }

  static let all: [ParityOperation] = network + selection + statistics + losses

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
    ParityOperation("log_softmax") { try $0.tensor("input").logSoftmax(along: $0.integer("dim") ?? -1) },
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
}
