// Workloads: attention, forward only and with its backward pass.
// Read next: ApusKernelsBaseline/Attention/AttentionForward.swift.

import ApusTensor

let attentionWorkloads: [Workload] =
  [512, 2_048].flatMap { length in
    [false, true].map { causalAttention(batch: 1, heads: 12, length: length, size: 64, isBackward: $0) }
  } + [decodingAttention(heads: 12, length: 4_096, size: 64)]

/// Attention of one query to a long key–value cache. It is bound by reading the keys and values, 24 MiB, once.
private func decodingAttention(heads: Int, length: Int, size: Int) -> Workload {
  let count = Double(heads * length * size)
  return Workload(
    name: "attention_decode_1x\(heads)x1x\(length)x\(size)", limit: .memory, operations: 4 * count,
    bytes: 2 * 4 * count,
    prepare: { _ in
      let (query, key, value) = withSeed(1) {
        (
          Tensor.randomNormal([1, heads, 1, size]), Tensor.randomNormal([1, heads, length, size]),
          Tensor.randomNormal([1, heads, length, size])
        )
      }
      return { _ = scaledDotProductAttention(query: query, key: key, value: value) }
    })
}

/// Causal self-attention on [batch, heads, length, size]. Only the operations of the unmasked half are counted.
private func causalAttention(batch: Int, heads: Int, length: Int, size: Int, isBackward: Bool) -> Workload {
  let scores = Double(batch * heads) * Double(length) * Double(length + 1) / 2
  return Workload(
    name: "attention_\(batch)x\(heads)x\(length)x\(size)_causal" + (isBackward ? "_forward_backward" : "_forward"),
    limit: .multiplyAdds,
    // Per score, each product takes 2 · size operations. The forward pass has two products, the backward pass five.
    operations: scores * 2 * Double(size) * (isBackward ? 7 : 2),
    prepare: { _ in
      let shape = Shape([batch, heads, length, size])
      let inputs = withSeed(1) { (0..<4).map { _ in Tensor.randomNormal(shape) } }
      if !isBackward {
        return {
          _ = scaledDotProductAttention(query: inputs[0], key: inputs[1], value: inputs[2], mask: .causal)
        }
      }
      return {
        let (_, pullback) = valueWithPullback(at: Array(inputs[0..<3])) { x in
          scaledDotProductAttention(query: x[0], key: x[1], value: x[2], mask: .causal)
        }
        _ = pullback(inputs[3])
      }
    })
}
