// Root-mean-square normalization as a layer. Read first: ApusTensor/Ops/RMSNorm.swift.

public import ApusTensor

/// Divides the trailing axes by the root of their mean square, then scales them (Zhang, Sennrich, arXiv:1910.07467).
public final class RMSNorm: Layer {
  /// The scale, of the normalized shape.
  @Parameter public var weight: Tensor
  /// Added to the mean square.
  public let epsilon: Float

  /// - Parameters:
  ///   - shape: the sizes of the trailing axes to normalize.
  ///   - epsilon: added to the mean square; by default the distance from 1 to the next float, as in PyTorch.
  public init(_ shape: Shape, epsilon: Float = .ulpOfOne) {
    weight = Initializer.ones(shape)
    self.epsilon = epsilon
  }

  /// Normalizes the last axis, which has size `width`.
  public convenience init(_ width: Int, epsilon: Float = .ulpOfOne) { self.init([width], epsilon: epsilon) }

  public func callAsFunction(_ x: Tensor) -> Tensor { rmsNorm(x, weight: weight, epsilon: epsilon) }
}
