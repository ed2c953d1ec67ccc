// How a kernel hands out its work: a number of independent tiles, each run once, by whichever worker comes first.
// Read next: ApusKernels/Scheduler/Scheduler.swift, the implementation on Dispatch.

/// Runs the tiles of a kernel on some number of workers.
///
/// A kernel splits its *output* into tiles whose boundaries depend on the problem's sizes only, never on the
/// number of workers; each tile is computed by one worker in a fixed order of operations. So results are
/// identical bit for bit for any number of workers.
package struct Schedule: Sendable {
  /// A tile's work: the tile's index, and the index of the worker that runs it (for scratch memory).
  package typealias Body = (_ tile: Int, _ worker: Int) -> Void

  /// An upper bound of the worker indices that a body sees.
  package let workers: Int

  /// Calls the body once for every tile in `0..<tiles`, in any order, possibly concurrently; returns when all are done.
  package let run: @Sendable (_ tiles: Int, _ body: Body) -> Void

  package init(workers: Int, run: @escaping @Sendable (_ tiles: Int, _ body: Body) -> Void) {
    self.workers = workers
    self.run = run
  }

  /// One worker: the caller.
  package static let serial = Schedule(workers: 1) { tiles, body in
    for tile in 0..<tiles { body(tile, 0) }
  }
}
