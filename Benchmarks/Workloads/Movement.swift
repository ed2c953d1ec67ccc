// Workloads: operations that move elements or add them at indices.
// Read next: ApusKernelsBaseline/Memory/.

import ApusTensor

private let (rows, columns) = (512, 3_072)

let movementWorkloads: [Workload] = [
  movement("scatter_add") { x, places, _ in x.scatterAdd(x, at: places, along: 0) },
  movement("gather") { x, places, _ in x.gather(places, along: 0) },
  movement("index_select") { x, _, rows in x.indexSelect(rows, along: 0) },
  movement("index_add") { x, _, rows in x.scatterAdded(at: rows, rows: x.shape[0]) },
  movement("flip") { x, _, _ in x.flipped(along: 1) },
  movement("roll") { x, _, _ in x.rolled(by: 7, along: 1) },
  movement("slice_2") { x, _, _ in x.slice(0..<x.shape[1], along: 1, step: 2) },
]

/// y = f(x) on [512, 3072], with random row indices, both of the same shape and as a vector.
private func movement(
  _ name: String, _ function: @escaping @Sendable (Tensor, IndexTensor, IndexTensor) -> Tensor
) -> Workload {
  Workload(
    name: "\(name)_\(rows)x\(columns)", limit: .cache, bytes: Double(2 * rows * columns * 4),
    prepare: { _ in
      let (x, places, some) = withSeed(1) {
        (
          Tensor.randomNormal([rows, columns]), randomTokens([rows, columns], below: rows),
          randomTokens([rows], below: rows)
        )
      }
      return { _ = function(x, places, some) }
    })
}
