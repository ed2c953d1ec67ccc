// What the library runs on: for logs, bug reports and benchmarks.

import ApusKernelTypes
import ApusKernels

/// The kernels that were chosen for this processor, and how many threads run them.
public enum Machine {
  /// "SSE2", "NEON", "AVX2+FMA" or "AVX-512"; APUS_ISA=baseline, avx2 or avx512 forces one.
  public static var instructionSet: String { Kernels.current.name }

  /// The threads that share a kernel's work; APUS_THREADS sets their number.
  public static var threadCount: Int { Kernels.scheduler.workers }
}
