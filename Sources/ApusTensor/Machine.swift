// The instruction set and the number of threads in use: for logs, bug reports and benchmarks.
// Read next: ApusKernels/KernelSelection.swift, which chooses the kernels.

import ApusKernelTypes
import ApusKernels

/// The instruction set of the kernels chosen for this processor, and the number of threads that run them.
public enum Machine {
  /// The kernels' instruction set: "SSE2", "NEON", "AVX2+FMA" or "AVX-512".
  ///
  /// The environment variable APUS_ISA (baseline, avx2 or avx512) overrides the choice.
  public static var instructionSet: String { Kernels.current.name }

  /// The number of threads that share a kernel's work; the environment variable APUS_THREADS sets it.
  public static var threadCount: Int { Kernels.scheduler.workers }
}
