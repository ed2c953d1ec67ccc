// Normalization: layer norm, RMS norm and group norm, forward and backward.
// Read next: ApusKernelsBaseline/Normalization/LayerNorm.swift, RMSNorm.swift, GroupNorm.swift.

/// Normalization of rows and of groups of channels.
package protocol NormalizationKernels {
  /// y ← (x − μ)/σ · weight + bias for every row of x [rows, columns], with σ² = mean (x − μ)² + epsilon.
  ///
  /// - Parameters:
  ///   - weight: [columns]; nil: ones.
  ///   - bias: [columns]; nil: zeros.
  ///   - mean: The output μ, [rows], which the backward needs.
  ///   - inverseDeviation: The output 1/σ, [rows], which the backward needs.
  static func layerNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
    inverseDeviation: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule)

  /// The gradients of x [rows, columns], weight [columns] and bias [columns]; nil: not wanted.
  ///
  /// With x̂ = (x − μ)/σ and g = dy ∘ weight:
  /// dx ← (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, dWeight ← Σ dy ∘ x̂ and dBias ← Σ dy over the rows.
  static func layerNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, rows: Int, columns: Int,
    _ schedule: Schedule)

  /// y ← x/ρ · weight for every row of x [rows, columns], with ρ² = mean x² + epsilon.
  ///
  /// - Parameters:
  ///   - weight: [columns]; nil: ones.
  ///   - inverseRoot: The output 1/ρ, [rows], which the backward needs.
  static func rmsNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, epsilon: Float, _ y: UnsafeMutablePointer<Float>,
    inverseRoot: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule)

  /// The gradients of x [rows, columns] and weight [columns]; nil: not wanted.
  ///
  /// With x̂ = x/ρ and g = dy ∘ weight: dx ← (g − x̂ ∘ mean(g ∘ x̂)) / ρ, dWeight ← Σ dy ∘ x̂ over the rows.
  static func rmsNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, inverseRoot: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, dWeight: UnsafeMutablePointer<Float>?, rows: Int,
    columns: Int, _ schedule: Schedule)

  /// y ← (x − μ)/σ · weight[channel] + bias[channel], with μ and σ² = mean (x − μ)² + epsilon over each group of an example.
  ///
  /// - Parameters:
  ///   - weight: [groups · channels]; nil: ones.
  ///   - bias: [groups · channels]; nil: zeros.
  ///   - mean: The output μ, [examples, groups], which the backward needs.
  ///   - inverseDeviation: The output 1/σ, [examples, groups], which the backward needs.
  static func groupNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
    inverseDeviation: UnsafeMutablePointer<Float>, sizes: ChannelGroups, _ schedule: Schedule)

  /// The gradients of x, weight and bias; nil: not wanted.
  ///
  /// With x̂ = (x − μ)/σ and g = dy · weight[channel]: dx ← (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, the means taken over the
  /// group; dWeight ← Σ dy ∘ x̂ and dBias ← Σ dy over each channel.
  static func groupNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, sizes: ChannelGroups,
    _ schedule: Schedule)
}
