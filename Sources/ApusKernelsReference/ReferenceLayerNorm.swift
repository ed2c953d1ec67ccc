// The naive twin of layer normalization, forward and backward (Ba, Kiros, Hinton, arXiv:1607.06450).
// Read next: ApusKernelsBaseline/Normalization/LayerNorm.swift, the kernel.

extension Reference {
  /// y = x̂ ∘ weight + bias for every row of x, with x̂ = (x − μ) / σ, μ = mean x, σ² = mean (x − μ)² + epsilon.
  ///
  /// - Parameters:
  ///   - x: [rows, columns]
  ///   - weight: [columns]; nil: ones.
  ///   - bias: [columns]; nil: zeros.
  ///   - epsilon: Added to the variance.
  ///   - rows: Number of rows.
  ///   - columns: Number of columns.
  /// - Returns: y [rows, columns]; μ and 1/σ [rows].
  @specialized(where T == Double)
  package static func layerNorm<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, bias: [T]?, epsilon: T, rows: Int, columns: Int
  ) -> (y: [T], mean: [T], inverseDeviation: [T]) {
    var y = x
    var (means, scales) = ([T](repeating: 0, count: rows), [T](repeating: 0, count: rows))
    for row in 0..<rows {
      var (sum, squares): (T, T) = (0, 0)
      for j in 0..<columns { sum += x[row * columns + j] }
      let mean = sum / T(columns)
      for j in 0..<columns { squares += (x[row * columns + j] - mean) * (x[row * columns + j] - mean) }
      let scale = 1 / (squares / T(columns) + epsilon).squareRoot()
      for j in 0..<columns {
        y[row * columns + j] = (x[row * columns + j] - mean) * scale * (weight?[j] ?? 1) + (bias?[j] ?? 0)
      }
      (means[row], scales[row]) = (mean, scale)
    }
    return (y, means, scales)
  }

  /// With g = dy ∘ weight: dx = (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, dWeight = Σ dy ∘ x̂ and dBias = Σ dy over the rows.
  ///
  /// - Parameters:
  ///   - x: [rows, columns]
  ///   - weight: [columns]; nil: ones.
  ///   - mean: μ from the forward, [rows].
  ///   - inverseDeviation: 1/σ from the forward, [rows].
  ///   - dy: [rows, columns]
  ///   - rows: Number of rows.
  ///   - columns: Number of columns.
  /// - Returns: dx [rows, columns]; dWeight and dBias [columns].
  @specialized(where T == Double)
  package static func layerNormBackward<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, mean: [T], inverseDeviation: [T], _ dy: [T], rows: Int, columns: Int
  ) -> (dx: [T], dWeight: [T], dBias: [T]) {
    var dx = x
    var (dWeight, dBias) = ([T](repeating: 0, count: columns), [T](repeating: 0, count: columns))
    for row in 0..<rows {
      var (gradientSum, productSum): (T, T) = (0, 0)
      for j in 0..<columns {
        let i = row * columns + j
        let normalized = (x[i] - mean[row]) * inverseDeviation[row]
        dWeight[j] += dy[i] * normalized
        dBias[j] += dy[i]
        let weighted = dy[i] * (weight?[j] ?? 1)
        gradientSum += weighted
        productSum += weighted * normalized
      }
      for j in 0..<columns {
        let i = row * columns + j
        let normalized = (x[i] - mean[row]) * inverseDeviation[row]
        let weighted = dy[i] * (weight?[j] ?? 1)
        let centered = weighted - gradientSum / T(columns) - normalized * productSum / T(columns)
        dx[i] = centered * inverseDeviation[row]
      }
    }
    return (dx, dWeight, dBias)
  }
}
