// Workloads: operations that touch each element once. They are bound by the last-level cache, which holds their 6 MiB.
// Read next: ApusKernelsBaseline/Pointwise/.

import ApusTensor

private let (rows, columns) = (512, 3_072)

let pointwiseWorkloads: [Workload] = [
  pointwise("gelu") { x, _ in x.gelu(approximation: .tanh) },
  pointwise("gelu_erf") { x, _ in x.gelu() },
  pointwise("softmax") { x, _ in x.softmax() },
  pointwise("layernorm") { x, parameters in
    layerNorm(x, weight: parameters[0], bias: parameters[1])
  },
  pointwise("exp") { x, _ in x.exp() },
  pointwise("add", arrays: 3) { x, others in x + others[2] },
]

/// y = f(x) on [512, 3072]. The function also receives two vectors of parameters and a second matrix; `arrays` is the
/// minimum number of arrays that are read or written.
private func pointwise(
  _ name: String, arrays: Int = 2, _ function: @escaping @Sendable (Tensor, [Tensor]) -> Tensor
) -> Workload {
  Workload(
    name: "\(name)_\(rows)x\(columns)", limit: .cache, bytes: Double(arrays * rows * columns * 4),
    prepare: { _ in
      let (x, others) = withSeed(1) {
        (
          Tensor.randomNormal([rows, columns]),
          [Tensor.randomNormal([columns]), Tensor.randomNormal([columns]), Tensor.randomNormal([rows, columns])]
        )
      }
      return { _ = function(x, others) }
    })
}
