// The naive twin of RMS normalization, forward and backward (Zhang, Sennrich, arXiv:1910.07467).
// Read next: ApusKernelsBaseline/Normalization/RMSNorm.swift, the kernel.

extension Reference {
  /// y = x̂ ∘ weight for every row of x, with x̂ = x / ρ, ρ² = mean x² + epsilon.
  ///
  /// - Parameters:
  ///   - x: [rows, columns]
  ///   - weight: [columns]; nil: ones.
  ///   - epsilon: Added to the mean square.
  ///   - rows: Number of rows.
  ///   - columns: Number of columns.
  /// - Returns: y [rows, columns]; 1/ρ [rows].
  @specialized(where T == Double)
  package static func rmsNorm<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, epsilon: T, rows: Int, columns: Int
  ) -> (y: [T], inverseRoot: [T]) {
    var y = x
    var scales = [T](repeating: 0, count: rows)
    for row in 0..<rows {
      var squares: T = 0
      for j in 0..<columns { squares += x[row * columns + j] * x[row * columns + j] }
      scales[row] = 1 / (squares / T(columns) + epsilon).squareRoot()
      for j in 0..<columns { y[row * columns + j] *= scales[row] * (weight?[j] ?? 1) }
    }
    return (y, scales)
  }

  /// With g = dy ∘ weight: dx = (g − x̂ ∘ mean(g ∘ x̂)) / ρ and dWeight = Σ dy ∘ x̂ over the rows.
  ///
  /// - Parameters:
  ///   - x: [rows, columns]
  ///   - weight: [columns]; nil: ones.
  ///   - inverseRoot: 1/ρ from the forward, [rows].
  ///   - dy: [rows, columns]
  ///   - rows: Number of rows.
  ///   - columns: Number of columns.
  /// - Returns: dx [rows, columns]; dWeight [columns].
  @specialized(where T == Double)
  package static func rmsNormBackward<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, inverseRoot: [T], _ dy: [T], rows: Int, columns: Int
  ) -> (dx: [T], dWeight: [T]) {
    var dx = x
    var dWeight = [T](repeating: 0, count: columns)
    for row in 0..<rows {
      var productSum: T = 0
      for j in 0..<columns {
        let i = row * columns + j
        let normalized = x[i] * inverseRoot[row]
        dWeight[j] += dy[i] * normalized
        productSum += dy[i] * (weight?[j] ?? 1) * normalized
      }
      for j in 0..<columns {
        let i = row * columns + j
        let normalized = x[i] * inverseRoot[row]
        dx[i] = (dy[i] * (weight?[j] ?? 1) - normalized * productSum / T(columns)) * inverseRoot[row]
      }
    }
    return (dx, dWeight)
  }
}
