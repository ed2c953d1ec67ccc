// The examples of CONTRIBUTING.md: an operation and a layer.

import Apus

// snippet: Operation
/// x / (1 + |x|)
func softsign(_ x: Tensor) -> Tensor {
  let scale = (x.detached.absoluteValue() + 1).reciprocal()
  let y = x.detached * scale
  return y.recorded("softsign") {
    wrt(x) { dy in dy * scale.squared() }  // dx = dy / (1 + |x|)²
  }
}
// end snippet

// snippet: Layer
/// (x·Vᵀ + b) · σ(x·Gᵀ + c)
final class Gated: Layer {
  let value: Linear
  let gate: Linear

  init(_ inputs: Int, _ outputs: Int) {
    value = Linear(inputs, outputs)
    gate = Linear(inputs, outputs)
  }

  /// [.., inputs] → [.., outputs]
  func callAsFunction(_ x: Tensor) -> Tensor { value(x) * gate(x).sigmoid() }
}
// end snippet
