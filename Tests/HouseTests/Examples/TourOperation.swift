// The code of the tour's chapter on operations: Docs/Tour/05-writing-an-operation.md.

import Apus
import ApusTesting
import Foundation

// snippet: LogCosh
/// log cosh x, a smooth |x|: [..] → the same shape.
func logCosh(_ x: Tensor) -> Tensor {
  let size = x.detached.absoluteValue()
  // log cosh x = |x| + log(1 + e^(−2|x|)) − log 2: nothing overflows.
  let y = size + ((size * -2).exp() + 1).log() - Float.log2
  return y.recorded("logCosh") {
    wrt(x) { dy in dy * x.detached.tanh() }
  }
}
// end snippet

extension Float {
  // snippet: LogTwo
  /// log 2
  static let log2 = Float(0.693_147_180_559_945_3)
  // end snippet
}

// snippet: Distances
/// The squared distance of every row of a from every row of b: [M, K], [N, K] → [M, N].
func squaredDistances(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.rank == 2 && b.rank == 2 && a.shape[1] == b.shape[1],
    "squaredDistances: shapes \(a.shape) and \(b.shape) (expected [M, K] and [N, K])")
  let (p, q) = (a.detached, b.detached)
  let squares = p.squared().sum(along: 1, keepingDimensions: true) + q.squared().sum(along: 1)
  let distances = squares - p.matmul(q, transposing: .second) * 2
  return distances.recorded("squaredDistances") {
    // d(i, j) = Σ (a(i) − b(j))²:  da(i) = 2 Σⱼ g(i, j)·(a(i) − b(j)), and b the other way round
    wrt(a) { g in (p * g.sum(along: 1, keepingDimensions: true) - g.matmul(q)) * 2 }
    wrt(b) { g in
      (q * g.sum(along: 0).reshaped(to: [q.shape[0], 1]) - g.matmul(p, transposing: .first)) * 2
    }
  }
}
// end snippet

func operationExamples() -> (logCosh: GradientReport, distances: GradientReport, wrong: GradientReport) {
  // snippet: CheckGradients
  let report = checkGradients(of: { logCosh($0[0]) }, at: [Samples.normal([4, 5])])
  print(report)  // passed, and by how much

  let both = checkGradients(
    of: { squaredDistances($0[0], $0[1]) }, at: [Samples.normal([4, 3]), Samples.normal([5, 3], seed: 2)])
  // end snippet

  // snippet: WrongGradient
  /// The same function with a common mistake: the pullback ignores dy.
  func wrong(_ x: Tensor) -> Tensor {
    let y = logCosh(x.detached)
    return y.recorded("wrong") { wrt(x) { dy in x.detached.tanh() } }
  }
  let failed = checkGradients(of: { wrong($0[0]) }, at: [Samples.normal([4, 5])])
  // end snippet
  return (report, both, failed)
}
