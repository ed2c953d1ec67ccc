// Detecting that other programs use the cores, and making room for them.
// Read first: Scheduler.swift.

/// Decides whether the caller should run tiles without helpers for a while.
///
/// If a helper is preempted inside a tile, the caller waits until the system lets the helper run again: several milliseconds for
/// a tile of some microseconds. When that happens, the caller runs alone for one millisecond, the next time for two, and so on
/// up to 64. After a while without disturbances it starts again at one. So a busy core costs about that core, instead of
/// stopping all workers again and again, and a single disturbance costs a millisecond, however long the jobs are. Only the speed
/// depends on this, never a result.
///
/// Only the caller that holds the scheduler uses it, so it needs no lock. Times are in nanoseconds.
package final class Crowding: @unchecked Sendable {
  private static let first: UInt64 = 1_000_000
  private static let most: UInt64 = 64_000_000
  /// When a core is shared with another program, helpers run for some milliseconds at a time. This is longer.
  private static let calmAfter: UInt64 = 20_000_000

  /// The time until which the caller runs alone.
  private var end: UInt64 = 0
  /// How long it will run alone after the next disturbance.
  private var penalty = Crowding.first
  /// The time that jobs with helpers have taken since the last disturbance.
  private var calm: UInt64 = 0

  package init() {}

  /// Whether the caller should run the next tile alone.
  package func isAlone(at now: UInt64) -> Bool { now < end }

  /// Takes note of a job with helpers.
  ///
  /// - Parameters:
  ///   - perTile: The duration of one of the caller's own tiles.
  ///   - waited: How long the caller then waited for the helpers' last tiles.
  ///   - took: The duration of the whole job.
  ///   - now: The time of its end.
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
