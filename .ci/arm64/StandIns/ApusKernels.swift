// Stands in for ApusKernels, whose scheduler needs threads: one instruction set, and no workers.
// Read first: Sources/ApusKernels/KernelSelection.swift. Read next: AnyKernelSet.swift.

import ApusBase
package import ApusKernelTypes
@_exported public import ApusKernelsBaseline

package enum InstructionSet: CaseIterable, CustomStringConvertible, Sendable {
  case baseline

  package static let supported = [InstructionSet.baseline]
  package var kernels: SIMDKernels.Type { SIMDKernels.self }
  package var description: String { "NEON" }
}

/// Never made: APUS_TEST_SCHEDULES=reverse leaves the workers out.
package struct Scheduler {
  package let workers: Int

  package init(workers: Int) { stop("there are no threads for workers: set APUS_TEST_SCHEDULES=reverse") }

  package var schedule: Schedule { .serial }
}
