// Stands in for ApusKernels, whose scheduler needs threads: one instruction set, and no workers.
// Read first: Sources/ApusKernels/KernelSelection.swift.

package import ApusKernelTypes
import ApusKernelsBaseline

package enum InstructionSet: CaseIterable, CustomStringConvertible, Sendable {
  case baseline

  package static let supported = [InstructionSet.baseline]
  package var kernels: KernelTable { makeKernelTable() }
  package var description: String { "NEON" }
}

/// What APUS_TEST_SCHEDULES=reverse leaves out.
package struct Scheduler {
  package let workers: Int

  package init(workers: Int) { stop("no workers in a program with one thread: set APUS_TEST_SCHEDULES=reverse") }

  package var schedule: Schedule { .serial }
}
