// Group normalization as a layer. Read first: ApusTensor/Ops/GroupNorm.swift.

import ApusBase
public import ApusTensor

/// Normalizes each group of channels of each example, then scales and shifts every channel (Wu, He, arXiv:1803.08494).
public final class GroupNorm: Layer {
  /// [channels]; absent if the layer only normalizes.
  @Parameter public var weight: Tensor?
  /// [channels]; absent if the layer only normalizes.
  @Parameter public var bias: Tensor?
  /// The number of groups that the channels are divided into.
  public let groups: Int
  /// Added to the variance.
  public let epsilon: Float

  /// - Parameters:
  ///   - groups: the number of groups of consecutive channels.
  ///   - channels: the size of axis 1 of the inputs.
  ///   - epsilon: added to the variance.
  ///   - affine: whether channels are scaled and shifted by learned parameters.
  /// - Precondition: the number of channels is a multiple of the number of groups.
  public init(_ groups: Int, channels: Int, epsilon: Float = 1e-5, affine: Bool = true) {
    require(
      groups > 0 && channels % groups == 0, "GroupNorm: \(channels) channels in \(groups) equal groups")
    weight = affine ? Initializer.ones([channels]) : nil
    bias = affine ? Initializer.zeros([channels]) : nil
    self.groups = groups
    self.epsilon = epsilon
  }

  /// Normalizes [examples, channels, ..]; the shape stays the same.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: epsilon)
  }
}
