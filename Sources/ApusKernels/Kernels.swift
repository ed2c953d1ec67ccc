// The kernels in use and the scheduler that runs them: what the floor above calls.
// Read first: ThreadBound.swift. Read next: ApusTensor/Ops/.

package import ApusKernelTypes

/// The kernels in use and their workers, both made at first use.
package enum Kernels {
  /// The kernels of the chosen instruction set.
  package static let current: AnyKernelSet = KernelSelection.current.instructionSet.kernels

  /// The workers of every operation.
  package static let scheduler = Scheduler(workers: KernelSelection.current.workers)

  private static let sharedSchedule: Schedule = scheduler.schedule

  /// Replaces the workers for the code inside a scope: benchmarks compare numbers of threads in one process.
  private static let override = ThreadBound<Scheduler>()

  /// Runs `body`, in which operations on this thread use the workers of `scheduler`.
  package static func withScheduler<Result>(_ scheduler: Scheduler, _ body: () throws -> Result) rethrows -> Result {
    try override.withValue(scheduler, body)
  }

  /// The schedule that operations pass to kernels: that of the innermost `withScheduler`, or of the shared workers.
  package static var schedule: Schedule { override.current?.schedule ?? sharedSchedule }
}
