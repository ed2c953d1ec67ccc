// Multi-head attention compared with PyTorch's: outputs, attention weights and all gradients; and the fused path
// compared with the path that returns the attention weights.
// Read first: AttentionFixture.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

@Suite struct AttentionParityTests {
  /// |ours − PyTorch's| ≤ 10⁻⁶ + 10⁻⁵ · largest |PyTorch's|, as the fixtures recommend.
  private func expectClose(_ actual: Tensor?, _ expected: Tensor, _ what: String) throws {
    let actual = try #require(actual, "\(what): absent")
    let comparison = Comparison(actual, expected, absolute: 1e-6, relativeToLargest: 1e-5)
    #expect(comparison.isClose, "\(what): \(comparison)")
  }

  @Test func outputsWeightsAndGradientsAgree() throws {
    let cases = try AttentionCase.all()
    #expect(cases.count == 5)
    for example in cases {
      let module = try example.module()
      let query = Variable(try example.tensor("query"))
      let key = example.attributes.selfAttention ? query : Variable(try example.tensor("key"))
      let value = example.attributes.selfAttention ? query : Variable(try example.tensor("value"))
      let scores = example.has("attn_mask") ? Variable(try example.additive("attn_mask")) : nil
      let (outputGradient, weightsGradient) = (
        try example.tensor("grad_output"), try example.tensor("grad_attn_weights")
      )
      var results: [Tensor] = []
      let (_, gradients) = try valueAndGradients {
        let mask = try mask(of: example, scores: scores?.value)
        let result = module.outputAndWeights(query: query.value, key: key.value, value: value.value, mask: mask)
        let weights = example.attributes.averageAttnWeights ? result.weights.mean(along: 1) : result.weights
        results = [result.output.detached, weights.detached]
        return (result.output * outputGradient).sum() + (weights * weightsGradient).sum()
      }
      try expectClose(results[0], example.tensor("output"), "\(example.name) output")
      try expectClose(results[1], example.tensor("attn_weights"), "\(example.name) weights")
      let inputs = ["query": query, "key": key, "value": value, "attn_mask": scores]
      #expect(example.differentiated.count >= 5)
      for name in example.differentiated {
        let gradient =
          try inputs[name]?.flatMap { gradients[$0] } ?? example.gradient(of: name, module, gradients)
        try expectClose(gradient, example.tensor("grad_" + name), "\(example.name) gradient of \(name)")
      }
    }
  }

  /// The case's masks combined into one, which broadcasts to [B, H, queries, keys].
  private func mask(of example: AttentionCase, scores: Tensor?) throws -> AttentionMask {
    let (batch, heads) = (try example.tensor("query").shape[0], example.attributes.numHeads)
    var bias = scores
    if let given = bias, given.rank == 3 {
      bias = given.reshaped(to: [batch, heads, given.shape[1], given.shape[2]])
    }
    if example.has("key_padding_mask") {
      let padding = try example.additive("key_padding_mask")
      let spread = padding.reshaped(to: [batch, 1, 1, padding.shape[1]])
      bias = bias.map { $0 + spread } ?? spread
    }
    return AttentionMask(bias: bias)
  }

  @Test func fusedOutputsAgree() throws {
    for example in try AttentionCase.all() {
      let module = try example.module()
      let query = try example.tensor("query")
      let mask = try mask(of: example, scores: example.has("attn_mask") ? example.additive("attn_mask") : nil)
      let output =
        try example.attributes.selfAttention
        ? module(query, mask: mask)
        : module(query: query, key: example.tensor("key"), value: example.tensor("value"), mask: mask)
      try expectClose(output, example.tensor("output"), "\(example.name), fused")
    }
  }

  @Test func keyLengthsArePaddingMasks() throws {
    // The second case is causal with padding: 5, 3 and 4 keys.
    let example = try AttentionCase.all()[1]
    let mask = AttentionMask(causalOffset: 0, keyLengths: [5, 3, 4])
    let output = try example.module()(example.tensor("query"), mask: mask)
    try expectClose(output, example.tensor("output"), "causal with lengths")
  }

  /// The masks with which both paths run.
  private static let masks: [(name: String, mask: AttentionMask)] = [
    ("none", .none), ("causal", .causal), ("causal, one more", .init(causalOffset: 1)),
    ("lengths", .init(keyLengths: [3, 6])), ("causal and lengths", .init(causalOffset: 0, keyLengths: [2, 5])),
    ("bias", .init(bias: Samples.normal([2, 4, 6, 6], seed: 3))),
    ("padding", .padding(Tensor([1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1], shape: [2, 6]))),
    (
      "all",
      .init(
        causalOffset: 2, keyLengths: [6, 4], allowed: Tensor([1, 1, 0, 1, 1, 1], shape: [6]),
        bias: Samples.normal([6], seed: 4))
    ),
  ]

  @Test(arguments: masks.indices)
  func fusedPathIsTheVisiblePath(index: Int) throws {
    let (name, mask) = AttentionParityTests.masks[index]
    for (keySize, valueSize) in [(nil, nil), (8, nil), (5, 3)] as [(Int?, Int?)] {
      let module = withSeed(2) { MultiheadAttention(8, heads: 4, keySize: keySize, valueSize: valueSize) }
      let inputs = [
        Samples.normal([2, 6, 8], seed: 5), Samples.normal([2, 6, keySize ?? 8], seed: 6),
        Samples.normal([2, 6, valueSize ?? 8], seed: 7),
      ]
      let cotangent = Samples.normal([2, 6, 8], seed: 8)
      func run(_ path: (Tensor, Tensor, Tensor) -> Tensor) -> (output: Tensor, gradients: [Tensor?]) {
        let variables = inputs.map { Variable($0) }
        var output = Tensor(0)
        let (_, gradients) = valueAndGradients {
          let result = path(variables[0].value, variables[1].value, variables[2].value)
          output = result.detached
          return (result * cotangent).sum()
        }
        return (output, (variables + module.parameters).map { gradients[$0] })
      }
      let fused = run { module(query: $0, key: $1, value: $2, mask: mask) }
      let visible = run { module.outputAndWeights(query: $0, key: $1, value: $2, mask: mask).output }
      try expectClose(fused.output, visible.output, "\(name) output")
      for (position, (a, b)) in zip(fused.gradients, visible.gradients).enumerated() {
        try expectClose(a, try #require(b), "\(name) gradient \(position)")
      }
      // The attention weights of every query sum to 1, and are 0 where a key is hidden.
      let weights = module.outputAndWeights(query: inputs[0], key: inputs[1], value: inputs[2], mask: mask).weights
      try expectClose(weights.sum(along: -1), .ones([2, 4, 6]), "\(name) sums")
      if keySize == nil {
        let x = inputs[0]
        let expected = module.outputAndWeights(query: x, key: x, value: x, mask: mask).output
        try expectClose(module(x, mask: mask), expected, "\(name) to itself")
      }
    }
  }

  @Test func hiddenKeysHaveNoWeight() {
    let module = withSeed(2) { MultiheadAttention(8, heads: 2) }
    let x = Samples.normal([2, 4, 8])
    let mask = AttentionMask(causalOffset: 0, keyLengths: [4, 2])
    let weights = module.outputAndWeights(query: x, key: x, value: x, mask: mask).weights
    for b in 0..<2 {
      for (i, j) in (0..<4).flatMap({ i in (0..<4).map { (i, $0) } }) {
        let isSeen = j <= i && j < [4, 2][b]
        #expect((weights[scalarAt: b, 1, i, j] > 0) == isSeen, "\(b), \(i), \(j)")
      }
    }
  }
}
