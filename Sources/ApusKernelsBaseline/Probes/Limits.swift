// Loops that reach the machine's limits: multiply–adds from registers, and reading memory.
// Read next: ApusKernels/MachineLimits.swift, which times these.

import ApusKernelTypes

extension SIMDKernels {
  /// Multiply–adds in each round of `multiplyAddProbe`.
  package static var multiplyAddsPerRound: Int { 12 * laneCount }

  /// Twelve independent chains of multiply–adds, enough to hide the latency of two multiply–add units.
  package static func multiplyAddProbe(rounds: Int) -> Float {
    let (x, y) = (Lanes(repeating: 0.999), Lanes(repeating: 0.001))
    var (a, b, c, d, e, f) = (x, x + y, x + 2 * y, x + 3 * y, x + 4 * y, x + 5 * y)
    var (g, h, i, j, k, l) = (y, y + y, 3 * y, 4 * y, 5 * y, 6 * y)
    for _ in 0..<rounds {
      a = multiplyAdd(a, x, y)
      b = multiplyAdd(b, x, y)
      c = multiplyAdd(c, x, y)
      d = multiplyAdd(d, x, y)
      e = multiplyAdd(e, x, y)
      f = multiplyAdd(f, x, y)
      g = multiplyAdd(g, x, y)
      h = multiplyAdd(h, x, y)
      i = multiplyAdd(i, x, y)
      j = multiplyAdd(j, x, y)
      k = multiplyAdd(k, x, y)
      l = multiplyAdd(l, x, y)
    }
    return horizontalSum((a + b + c) + (d + e + f) + (g + h + i) + (j + k + l))
  }

  /// The sum of an array, read once from end to end.
  package static func readProbe(_ x: UnsafePointer<Float>, count: Int) -> Float {
    sum(x, count: count)
  }
}
