// Stands in for ApusKernels, whose scheduler needs threads: one instruction set, and no workers.
// Read first: Sources/ApusKernels/KernelSelection.swift.

import ApusBase
package import ApusKernelTypes
package import ApusKernelsBaseline

/// The type that tests name, of the only set of kernels.
package typealias AnyKernelSet = SIMDKernels.Type

package enum InstructionSet: CaseIterable, CustomStringConvertible, Sendable {
  case baseline

  package static let supported = [InstructionSet.baseline]
  package var kernels: AnyKernelSet { SIMDKernels.self }
  package var description: String { "NEON" }
}

/// What APUS_TEST_SCHEDULES=reverse leaves out.
package struct Scheduler {
  package let workers: Int

  package init(workers: Int) { stop("no workers in a program with one thread: set APUS_TEST_SCHEDULES=reverse") }

  package var schedule: Schedule { .serial }
}
