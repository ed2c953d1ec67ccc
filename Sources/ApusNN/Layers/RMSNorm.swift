// Normalization by the root of the mean square as a layer. Read first: ApusTensor/Ops/RMSNorm.swift.

public import ApusTensor

/// Divides the trailing axes by the root of their mean square, then scales (Zhang, Sennrich, arXiv:1910.07467).
public final class RMSNorm: Layer {
  /// The normalized shape.
  @Parameter public var weight: Tensor
  /// Added to the mean square.
  public let epsilon: Float

  /// - Parameter shape: the trailing axes to normalize.
  public init(_ shape: Shape, epsilon: Float = 1e-6) {
    weight = Initializer.ones(shape)
    self.epsilon = epsilon
  }

  /// Over the last axis of the given size.
  public convenience init(_ width: Int, epsilon: Float = 1e-6) { self.init([width], epsilon: epsilon) }

  public func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, weight: weight, epsilon: epsilon) }
}
