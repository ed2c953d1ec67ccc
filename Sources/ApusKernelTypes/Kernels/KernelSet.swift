// All kernels as one protocol, to which each instruction set's compiled kernels conform; the requirements are in the
// protocols of this folder, by subject.
// Read next: ApusKernelsBaseline/SIMDKernels.swift, the conforming type; ApusKernels/KernelSelection.swift, which picks one.

/// The kernels of one instruction set.
///
/// Every kernel is a static function. Its arguments are pointers to contiguous row-major floats and their sizes, and the
/// schedule on which its tiles run; outputs may contain anything before, and inputs and outputs do not overlap unless the
/// kernel's comment says so. Callers check shapes and indices: kernels do not.
package protocol KernelSet: MatrixKernels, AttentionKernels, PointwiseKernels, RandomKernels, ReductionKernels,
  OrderKernels, NormalizationKernels, LossKernels, CopyKernels, IndexKernels, OptimizerKernels, ProbeKernels,
  SendableMetatype
{
  /// "SSE2", "NEON", "AVX2+FMA" or "AVX-512".
  static var name: String { get }
  /// Floats in a vector register.
  static var laneCount: Int { get }
  /// Rows and columns of the matrix product's register tile; tests use sizes around them.
  static var tile: (rows: Int, columns: Int) { get }
}

/// The kernels of some instruction set as a value: the type that all callers name.
package typealias AnyKernelSet = any KernelSet.Type
