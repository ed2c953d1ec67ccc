// The kernels of one instruction set, as the other modules see them.
// This folder is compiled once per instruction set, each time with other compiler flags and other `Lanes`; the folders of
// the other instruction sets are symbolic links to it (Docs/Decisions/0002).
// Read next: SIMD/Lanes.swift; MatMul/MicroKernel.swift; ApusKernelsReference, the naive twin of each kernel.

import ApusKernelTypes

/// The kernels of the instruction set that this module is compiled for; each is in an extension in the file of its subject.
package enum SIMDKernels: KernelSet {
  /// "SSE2", "NEON", "AVX2+FMA" or "AVX-512".
  package static var name: String {
    #if APUS_AVX512
      "AVX-512"
    #elseif APUS_AVX2
      "AVX2+FMA"
    #elseif arch(arm64)
      "NEON"
    #else
      "SSE2"
    #endif
  }

  /// Floats in a vector register.
  package static var laneCount: Int { Lanes.scalarCount }

  /// Rows and columns of the matrix product's register tile.
  package static var tile: (rows: Int, columns: Int) { (tileRows, tileVectors * laneCount) }
}
