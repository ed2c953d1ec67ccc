// Workloads: matrix products.
// Read next: ApusKernelsBaseline/MatMul/MatMul.swift.

import ApusKernelTypes
import ApusKernels
import ApusTensor

let productWorkloads: [Workload] = [
  product(1_024, 1_024, 1_024),
  product(256, 256, 256),
  // A linear layer stores its weight as [outputs, inputs], so B is transposed.
  product(256, 3_072, 768, isTransposed: true),
  product(256, 3_072, 768, isTransposed: true, isPrepacked: true),
  product(256, 50_257, 768, isTransposed: true),
  product(1, 3_072, 768, isTransposed: true),
  product(1, 50_257, 768, isTransposed: true),
]

/// C = A·B or A·Bᵀ, including packing unless the weight is prepacked. A product with one row is bound by reading B,
/// from the last-level cache if B fits in it, and from memory otherwise.
private func product(_ m: Int, _ n: Int, _ k: Int, isTransposed: Bool = false, isPrepacked: Bool = false) -> Workload {
  let (m64, n64, k64) = (Double(m), Double(n), Double(k))
  let fitsCache = n * k * 4 <= 16 << 20
  return Workload(
    name: "gemm_\(m)x\(n)x\(k)" + (isPrepacked ? "_prepacked" : ""),
    limit: m > 1 ? .multiplyAdds : fitsCache ? .cache : .memory,
    operations: 2 * m64 * n64 * k64, bytes: m > 1 ? nil : 4 * (n64 * k64 + k64 + n64),
    prepare: { schedule in
      let (a, b) = withSeed(1) {
        (Tensor.randomNormal([m, k]), Tensor.randomNormal(isTransposed ? [n, k] : [k, n]))
      }
      var c = Tensor.zeros([m, n])
      let weight = isPrepacked ? b.prepacked() : b
      if isPrepacked { return { _ = a.matmul(weight, transposing: .second) } }
      return {
        a.withUnsafePointer { a in
          b.withUnsafePointer { b in
            c.withUnsafeMutablePointer { c in
              Kernels.current.matMul(
                MatMulArguments(
                  m: m, n: n, k: k, a: MatrixOperand(a, rowStride: k),
                  b: MatrixOperand(b, rowStride: isTransposed ? k : n, isTransposed: isTransposed), c: c,
                  cRowStride: n), schedule)
            }
          }
        }
      }
    })
}
