// The kernels in use and the scheduler that runs them: what the floor above calls.
// Read first: ThreadBound.swift. Read next: ApusTensor/Ops/.

package import ApusKernelTypes

/// The chosen kernels and their workers, made at first use.
package enum Kernels {
  package static let table: KernelTable = KernelSelection.current.instructionSet.kernels

  /// The workers of every operation.
  package static let scheduler = Scheduler(workers: KernelSelection.current.workers)

  private static let sharedSchedule: Schedule = scheduler.schedule

  /// Replaces the workers for the code inside a scope: benchmarks compare numbers of threads in one process.
  private static let override = ThreadBound<Scheduler>()

  /// Runs `body`, in which operations on this thread use the workers of `scheduler`.
  package static func withScheduler<Result>(_ scheduler: Scheduler, _ body: () throws -> Result) rethrows -> Result {
    try override.withValue(scheduler, body)
  }

  /// The workers for an operation that starts now: those of the innermost `withScheduler`, or the shared ones.
  package static var schedule: Schedule { override.current?.schedule ?? sharedSchedule }
}
