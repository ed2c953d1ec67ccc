// Noticing that other programs want the cores, and making room.
// Read first: Scheduler.swift.

/// Decides whether the caller had better run tiles alone for a while.
///
/// A helper that is preempted inside a tile keeps the caller waiting until the system lets it run again: several
/// milliseconds for a tile of some microseconds. When that happens, the caller runs alone for a millisecond, the next time
/// for two, and so on up to 64; when jobs go well for a while, all is forgiven. So a machine with one busy core costs about
/// that core, instead of stopping both again and again; and a single disturbance costs a millisecond, however long the jobs
/// are. (Only speed depends on this, never a result.)
///
/// Used only by the caller that holds the scheduler, so it needs no lock. Times are nanoseconds.
package final class Crowding: @unchecked Sendable {
  private static let first: UInt64 = 1_000_000
  private static let most: UInt64 = 64_000_000
  /// With a core that is shared with another program, helpers run for some milliseconds at a time: this is longer.
  private static let calmAfter: UInt64 = 20_000_000

  /// Until when the caller runs alone.
  private var end: UInt64 = 0
  /// How long it will after the next disturbance.
  private var penalty = Crowding.first
  /// What shared jobs have taken since the last one.
  private var calm: UInt64 = 0

  package init() {}

  /// Whether the next tile is to be run by the caller alone.
  package func isAlone(at now: UInt64) -> Bool { now < end }

  /// After a shared job.
  ///
  /// - Parameters:
  ///   - perTile: how long one of the caller's own tiles took.
  ///   - waited: how long the caller then waited for the helpers' last tiles.
  ///   - took: how long the whole job took.
  ///   - now: when it was done.
  package func note(perTile: UInt64, waited: UInt64, took: UInt64, at now: UInt64) {
    if waited > 300_000 && waited > 8 * perTile {
      end = now + penalty
      penalty = min(Crowding.most, 2 * penalty)
      calm = 0
    } else if calm < Crowding.calmAfter {
      calm += took
      if calm >= Crowding.calmAfter { penalty = Crowding.first }
    }
  }
}
