// Normalization by the root of the mean square as a layer. Read first: ApusTensor/Ops/RMSNorm.swift.

public import ApusTensor

/// Divides the trailing axes by the root of their mean square, then scales (Zhang, Sennrich, arXiv:1910.07467).
public final class RMSNorm: Layer {
  /// The normalized shape.
  @Parameter public var weight: Tensor
  /// Added to the mean square.
  public let epsilon: Float

  /// - Parameters:
  ///   - shape: the trailing axes to normalize.
  ///   - epsilon: added to the mean square; by default the distance from 1 to the next float, as in PyTorch.
  public init(_ shape: Shape, epsilon: Float = .ulpOfOne) {
    weight = Initializer.ones(shape)
    self.epsilon = epsilon
  }

  /// Over the last axis of the given size.
  public convenience init(_ width: Int, epsilon: Float = .ulpOfOne) { self.init([width], epsilon: epsilon) }

  public func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, weight: weight, epsilon: epsilon) }
}
