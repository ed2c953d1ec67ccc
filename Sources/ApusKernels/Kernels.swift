// The kernels in use and the scheduler that runs them, for the operations of the floor above.
// Read next: ApusTensor/Ops/.

package import ApusKernelTypes

/// The kernels in use and their workers, both made at first use.
package enum Kernels {
  /// The kernels of the chosen instruction set.
  package static let current: AnyKernelSet = KernelSelection.current.instructionSet.kernels

  /// The workers of every operation.
  package static let scheduler = Scheduler(workers: KernelSelection.current.workers)

  private static let sharedSchedule: Schedule = scheduler.schedule

  /// Other workers for the current task, for benchmarks that compare numbers of threads in one process. A lookup takes about
  /// 10 ns.
  @TaskLocal package static var override: Scheduler?

  /// The schedule that operations pass to kernels.
  package static var schedule: Schedule { override?.schedule ?? sharedSchedule }
}
