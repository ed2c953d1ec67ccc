// The code of the tour's chapter on matrix products: Docs/Tour/03-matmul-as-a-ladder.md.

// snippet: NaiveProduct
/// A [m, k] times B [k, n], exactly as in the formula.
func naiveProduct(_ a: [Float], _ b: [Float], m: Int, n: Int, k: Int) -> [Float] {
  var c = [Float](repeating: 0, count: m * n)
  for i in 0..<m {
    for j in 0..<n {
      var sum: Float = 0
      for p in 0..<k { sum += a[i * k + p] * b[p * n + j] }
      c[i * n + j] = sum
    }
  }
  return c
}
// end snippet

// snippet: OrderedProduct
/// The same sum with the loops in another order: row p of B, scaled, is added to row i of C.
func orderedProduct(_ a: [Float], _ b: [Float], m: Int, n: Int, k: Int) -> [Float] {
  var c = [Float](repeating: 0, count: m * n)
  for i in 0..<m {
    for p in 0..<k {
      let scale = a[i * k + p]
      for j in 0..<n { c[i * n + j] += scale * b[p * n + j] }
    }
  }
  return c
}
// end snippet
