// The choice between LayerNorm and RMSNorm. Read first: LayerNorm.swift, RMSNorm.swift.

/// The kind of normalization in a Transformer block.
public enum Normalization: Sendable, Equatable {
  /// Mean 0 and variance 1, then a learned scale and shift.
  case layerNorm(epsilon: Float = 1e-5, bias: Bool = true)
  /// Root mean square 1, then a learned scale.
  case rmsNorm(epsilon: Float = 1e-6)

  /// A new layer of this kind over the last axis, which has size `width`.
  func layer(_ width: Int) -> any Layer {
    switch self {
    case .layerNorm(let epsilon, let bias): LayerNorm(width, epsilon: epsilon, bias: bias)
    case .rmsNorm(let epsilon): RMSNorm(width, epsilon: epsilon)
    }
  }
}
