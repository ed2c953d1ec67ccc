// Layer normalization as a layer. Read first: ApusTensor/Ops/LayerNorm.swift.

public import ApusTensor

/// Normalizes the trailing axes to mean 0 and variance 1, then scales and shifts them (Ba et al., arXiv:1607.06450).
public final class LayerNorm: Layer {
  /// The scale, of the normalized shape.
  @Parameter public var weight: Tensor
  /// The shift, of the normalized shape; absent if the layer only scales.
  @Parameter public var bias: Tensor?
  /// Added to the variance.
  public let epsilon: Float

  /// - Parameters:
  ///   - shape: the sizes of the trailing axes to normalize.
  ///   - epsilon: added to the variance.
  ///   - bias: whether there is a shift.
  public init(_ shape: Shape, epsilon: Float = 1e-5, bias: Bool = true) {
    weight = Initializer.ones(shape)
    self.bias = bias ? Initializer.zeros(shape) : nil
    self.epsilon = epsilon
  }

  /// Normalizes the last axis, which has size `width`.
  public convenience init(_ width: Int, epsilon: Float = 1e-5, bias: Bool = true) {
    self.init([width], epsilon: epsilon, bias: bias)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, weight: weight, bias: bias, epsilon: epsilon) }
}
