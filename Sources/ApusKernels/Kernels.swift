// The kernels in use and the scheduler that runs them: what the floor above calls.
// Read next: ApusTensor/Ops/.

package import ApusKernelTypes

/// The chosen kernels and their workers, made at first use.
package enum Kernels {
  package static let table: KernelTable = KernelSelection.current.instructionSet.kernels
  package static let scheduler = Scheduler(workers: KernelSelection.current.workers)
  package static let schedule: Schedule = scheduler.schedule
}
