// The sizes of a group normalization. Read next: ApusKernelsBaseline/Normalization/GroupNorm.swift.

/// The sizes of a group normalization: x is [examples, groups, channels, places].
@frozen
package struct ChannelGroups: Sendable {
  package var examples: Int
  package var groups: Int
  /// Channels in each group.
  package var channels: Int
  /// Elements of a channel: the product of the axes after it.
  package var places: Int

  package init(examples: Int, groups: Int, channels: Int, places: Int) {
    (self.examples, self.groups, self.channels, self.places) = (examples, groups, channels, places)
  }
}
