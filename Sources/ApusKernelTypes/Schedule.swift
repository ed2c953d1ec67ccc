// How a kernel distributes its work: as independent tiles, each of which runs once, on any worker.
// Read next: ApusKernels/Scheduler/Scheduler.swift, the implementation on Dispatch.

/// Runs the tiles of a kernel on some number of workers.
///
/// A kernel splits its *output* into tiles whose boundaries depend on the problem's sizes only, never on the number of
/// workers, and one worker computes each tile in a fixed order of operations. So the results are identical bit for bit on
/// any number of workers.
package struct Schedule: Sendable {
  /// The work of one tile. It is given the tile's index, and the index of the worker that runs it (to choose scratch memory).
  package typealias Body = (_ tile: Int, _ worker: Int) -> Void

  /// The number of workers: a body is given worker indices in `0..<workers`.
  package let workers: Int

  /// Calls the body once for every tile in `0..<tiles`, in any order, possibly concurrently; returns when all are done.
  package let run: @Sendable (_ tiles: Int, _ body: Body) -> Void

  package init(workers: Int, run: @escaping @Sendable (_ tiles: Int, _ body: Body) -> Void) {
    self.workers = workers
    self.run = run
  }

  /// The schedule that runs all tiles on the calling thread, in order.
  package static let serial = Schedule(workers: 1) { tiles, body in
    for tile in 0..<tiles { body(tile, 0) }
  }
}
