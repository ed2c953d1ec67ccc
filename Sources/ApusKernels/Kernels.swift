// The kernels in use and the scheduler that runs them: what the floor above calls.
// Read next: ApusTensor/Ops/.

package import ApusKernelTypes

/// The chosen kernels and their workers, made at first use.
package enum Kernels {
  package static let table: KernelTable = KernelSelection.current.instructionSet.kernels

  /// The workers of every operation.
  package static let scheduler = Scheduler(workers: KernelSelection.current.workers)

  private static let sharedSchedule: Schedule = scheduler.schedule

  /// Other workers for the current task, about 10 ns to look up: benchmarks compare numbers of threads in one process.
  @TaskLocal package static var override: Scheduler?

  package static var schedule: Schedule { override?.schedule ?? sharedSchedule }
}
