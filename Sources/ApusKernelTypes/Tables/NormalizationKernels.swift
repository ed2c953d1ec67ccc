// The signatures of normalization by the root of the mean square and by groups of channels.
// Read next: ApusKernelsBaseline/Normalization/RMSNorm.swift and GroupNorm.swift.

/// RMSNorm and group normalization, a part of `KernelTable`.
package struct NormalizationKernels: Sendable {
  package typealias Input = UnsafePointer<Float>
  package typealias Output = UnsafeMutablePointer<Float>

  /// (x, weight, epsilon, y, inverseRoot, rows, columns)
  package var rmsNorm:
    @Sendable (Input, Input?, _ epsilon: Float, Output, _ inverseRoot: Output, _ rows: Int, _ columns: Int, Schedule) ->
      Void
  /// (x, weight, inverseRoot, dy, dx, dWeight, rows, columns)
  package var rmsNormBackward:
    @Sendable (
      Input, Input?, _ inverseRoot: Input, Input, Output, Output?, _ rows: Int, _ columns: Int, Schedule
    ) -> Void

  /// (x, weight, bias, epsilon, y, mean, inverseDeviation, sizes)
  package var groupNorm:
    @Sendable (
      Input, Input?, Input?, _ epsilon: Float, Output, _ mean: Output, _ inverseDeviation: Output, ChannelGroups,
      Schedule
    ) -> Void
  /// (x, weight, mean, inverseDeviation, dy, dx, dWeight, dBias, sizes)
  package var groupNormBackward:
    @Sendable (
      Input, Input?, _ mean: Input, _ inverseDeviation: Input, Input, Output, Output?, Output?, ChannelGroups, Schedule
    ) -> Void

  package init(
    rmsNorm:
      @escaping @Sendable (
        Input, Input?, _ epsilon: Float, Output, _ inverseRoot: Output, _ rows: Int, _ columns: Int, Schedule
      ) -> Void,
    rmsNormBackward:
      @escaping @Sendable (
        Input, Input?, _ inverseRoot: Input, Input, Output, Output?, _ rows: Int, _ columns: Int, Schedule
      ) -> Void,
    groupNorm:
      @escaping @Sendable (
        Input, Input?, Input?, _ epsilon: Float, Output, _ mean: Output, _ inverseDeviation: Output, ChannelGroups,
        Schedule
      ) -> Void,
    groupNormBackward:
      @escaping @Sendable (
        Input, Input?, _ mean: Input, _ inverseDeviation: Input, Input, Output, Output?, Output?, ChannelGroups,
        Schedule
      ) -> Void
  ) {
    (self.rmsNorm, self.rmsNormBackward) = (rmsNorm, rmsNormBackward)
    (self.groupNorm, self.groupNormBackward) = (groupNorm, groupNormBackward)
  }
}

/// The sizes of a group normalization: x is [examples, groups, channels of a group, places].
@frozen
package struct ChannelGroups: Sendable {
  package var examples: Int
  package var groups: Int
  /// Channels in each group.
  package var channels: Int
  /// Elements of a channel: the product of the axes behind it.
  package var places: Int

  package init(examples: Int, groups: Int, channels: Int, places: Int) {
    (self.examples, self.groups, self.channels, self.places) = (examples, groups, channels, places)
  }
}
