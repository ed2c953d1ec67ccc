// Noticing that other programs want the cores, and making room.
// Read first: Scheduler.swift.

/// Decides whether a job is better run by the caller alone.
///
/// A helper that is preempted inside a tile keeps the caller waiting until the system lets it run again: several
/// milliseconds for a tile of some microseconds. When that happens, the next jobs run on the caller alone, twice as many
/// each time; when jobs go well for a while, all is forgiven. So a machine with one busy core costs about that core,
/// instead of stopping both again and again. (Only speed depends on this, never a result.)
///
/// Used only by the caller that holds the scheduler, so it needs no lock.
final class Crowding: @unchecked Sendable {
  private static let first = 64
  private static let most = 4_096

  /// Jobs still to be run alone.
  private var alone = 0
  /// How many the next disturbance will cost.
  private var penalty = Crowding.first
  /// Jobs since the last disturbance.
  private var calm = 0

  /// Whether the next job is to be run alone.
  func isAlone() -> Bool {
    guard alone > 0 else { return false }
    alone -= 1
    return true
  }

  /// After a shared job: how long the caller waited for the helpers' last tiles, and how long its own tiles took, in
  /// nanoseconds.
  func note(waited: UInt64, perTile: UInt64) {
    if waited > 300_000 && waited > 8 * perTile {
      alone = penalty
      penalty = min(Crowding.most, 2 * penalty)
      calm = 0
    } else {
      calm += 1
      if calm == 512 { penalty = Crowding.first }
    }
  }
}
