// The naive twins of softmax over rows, forward and backward.
// Read next: ApusKernelsBaseline/Losses/Softmax.swift, the kernels; ReferenceLosses.swift.

extension Reference {
  /// y[r, j] = e^x[r, j] / Σ_l e^x[r, l]; a row of −∞ gives zeros.
  ///
  /// Numerator and denominator are multiplied by e^(−m), with m the row's largest element, so that neither overflows.
  ///
  /// - Parameters:
  ///   - x: [rows, columns]
  ///   - rows: Number of rows.
  ///   - columns: Number of columns.
  /// - Returns: [rows, columns]
  @specialized(where T == Double)
  package static func softmax<T: ReferenceScalar>(_ x: [T], rows: Int, columns: Int) -> [T] {
    var y = [T](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let largest = x[range].max() ?? -T.infinity
      if largest == -T.infinity { continue }
      var total: T = 0
      for i in range {
        y[i] = T.exp(x[i] - largest)
        total += y[i]
      }
      for i in range { y[i] /= total }
    }
    return y
  }

  /// dx = y ∘ (dy − Σ_j dy[·, j] · y[·, j]), from the result y, [rows, columns].
  @specialized(where T == Double)
  package static func softmaxBackward<T: ReferenceScalar>(_ y: [T], _ dy: [T], rows: Int, columns: Int) -> [T] {
    var dx = [T](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      var dot: T = 0
      for i in range { dot += dy[i] * y[i] }
      for i in range { dx[i] = y[i] * (dy[i] - dot) }
    }
    return dx
  }

  /// ln Σ eˣ = m + ln Σ e^(x − m), with m the largest x; −∞ if all x are −∞.
  static func logSumExp<T: ReferenceScalar>(_ x: ArraySlice<T>) -> T {
    var largest = -T.infinity
    for value in x where value > largest { largest = value }
    if largest == -T.infinity { return largest }
    var sum: T = 0
    for value in x { sum += T.exp(value - largest) }
    return largest + T.log(sum)
  }
}
