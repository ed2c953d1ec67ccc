// The naive twin of the matrix product.
// Read next: ApusKernelsBaseline/MatMul/MatMul.swift, the kernel; MicroKernel.swift, its inner loop.

package import ApusKernelTypes

extension Reference {
  /// C = act(A·B + bias) ∘ factors, or C + A·B, for every matrix of a batch.
  ///
  ///     c[i, j] = act(Σ_p a[i, p] · b[p, j] + bias[j])
  ///
  /// - Parameters:
  ///   - a: [batch, m, k], or [batch, k, m] if stored transposed.
  ///   - b: [batch, k, n], or [batch, n, k] if stored transposed.
  ///   - m: Rows of A and C.
  ///   - n: Columns of B and C.
  ///   - k: Columns of A and rows of B.
  ///   - batch: Number of products.
  ///   - aStride: The distance between the matrices of `a`, by default m·k; 0 repeats one matrix.
  ///   - bStride: The distance between the matrices of `b`, by default k·n; 0 repeats one matrix.
  ///   - c: Added to the product, [batch, m, n].
  ///   - bias: Added to every row, [n].
  ///   - activation: Applied to every element.
  ///   - factors: Multiplied with every element, [batch, m, n].
  /// - Returns: C, and the derivatives of the activation (1 without one), both [batch, m, n].
  @specialized(where T == Double)
  package static func matMul<T: ReferenceScalar>(
    _ a: [T], isTransposed aIsTransposed: Bool = false, _ b: [T], isTransposed bIsTransposed: Bool = false,
    m: Int, n: Int, k: Int, batch: Int = 1, aStride: Int? = nil, bStride: Int? = nil,
    addingTo c: [T]? = nil, bias: [T]? = nil, activation: UnaryOperation? = nil, factors: [T]? = nil
  ) -> (result: [T], slopes: [T]) {
    var sums = c ?? [T](repeating: 0, count: batch * m * n)
    for matrix in 0..<batch {
      let (aStart, bStart) = (matrix * (aStride ?? m * k), matrix * (bStride ?? k * n))
      for i in 0..<m {
        for j in 0..<n {
          var sum: T = 0
          for p in 0..<k {
            let left = a[aStart + (aIsTransposed ? p * m + i : i * k + p)]
            let right = b[bStart + (bIsTransposed ? j * k + p : p * n + j)]
            sum += left * right
          }
          if let bias { sum += bias[j] }
          sums[(matrix * m + i) * n + j] += sum
        }
      }
    }
    let ones = [T](repeating: 1, count: sums.count)
    var (result, slopes) = (sums, ones)
    if let activation {
      result = unary(activation, sums)
      slopes = unaryBackward(activation, input: sums, ones)
    }
    if let factors { result = zip(result, factors).map { $0 * $1 } }
    return (result, slopes)
  }
}
