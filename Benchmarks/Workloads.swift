// The workloads, by the names under which results are compared. Read next: pytorch.py, which has the same ones.

import ApusKernelTypes
import ApusKernels
import ApusModels
import ApusNN
import ApusTensor
import ApusTraining

let workloads: [Workload] = [
  matMul(1_024, 1_024, 1_024),
  attention(batch: 1, heads: 12, length: 512, size: 64, isBackward: false),
  attention(batch: 1, heads: 12, length: 512, size: 64, isBackward: true),
  trainGPT(
    "train_chargpt_4l4h128_b12t64",
    .init(
      vocabularySize: 65, contextLength: 64, layers: 4, heads: 4, width: 128), batch: 12, length: 64),
]

/// C = A·B, both as they lie.
private func matMul(_ m: Int, _ n: Int, _ k: Int) -> Workload {
  Workload(
    name: "gemm_\(m)x\(n)x\(k)", operations: 2 * Double(m) * Double(n) * Double(k), items: nil,
    prepare: { schedule in
      let (a, b) = withSeed(1) { (Tensor.randomNormal([m, k]), Tensor.randomNormal([k, n])) }
      var c = Tensor.zeros([m, n])
      return {
        a.withUnsafePointer { a in
          b.withUnsafePointer { b in
            c.withUnsafeMutablePointer { c in
              Kernels.table.matMul(
                MatMulArguments(
                  m: m, n: n, k: k, a: MatrixOperand(a, rowStride: k), b: MatrixOperand(b, rowStride: n), c: c,
                  cRowStride: n), schedule)
            }
          }
        }
      }
    })
}

/// Causal self-attention on [batch, heads, length, size]; the operations are those of the visible half.
private func attention(batch: Int, heads: Int, length: Int, size: Int, isBackward: Bool) -> Workload {
  let scores = Double(batch * heads) * Double(length) * Double(length + 1) / 2
  // Forward: two products of 2 · size operations a score; backward: five.
  let operations = scores * 2 * Double(size) * (isBackward ? 7 : 2)
  return Workload(
    name: "attention_\(batch)x\(heads)x\(length)x\(size)_causal" + (isBackward ? "_forward_backward" : "_forward"),
    operations: operations, items: nil,
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

/// Forward, backward and AdamW step of a language model on random tokens.
private func trainGPT(_ name: String, _ configuration: GPT.Configuration, batch: Int, length: Int) -> Workload {
  let c = configuration
  let weights = c.layers * 12 * c.width * c.width + c.vocabularySize * c.width
  let tokens = Double(batch * length)
  // Six operations for every weight and token (forward, two gradients); attention: 7 products over the visible half.
  let operations =
    tokens * (6 * Double(weights) + Double(c.layers) * 7 * 2 * Double(c.width) * Double(length + 1) / 2)
  return Workload(
    name: name, operations: operations, items: ("tokens/s", tokens),
    prepare: { _ in
      let (model, inputs, targets) = withSeed(1) {
        let generator = RandomGenerator.current
        func ids() -> IndexTensor {
          IndexTensor(generator.integers(count: batch * length, below: c.vocabularySize))
            .reshaped(to: [batch, length])
        }
        return (GPT(c), ids(), ids())
      }
      let optimizer = AdamW(model.parameters, learningRate: 1e-3)
      return {
        let (_, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
        optimizer.step(gradients)
      }
    })
}
