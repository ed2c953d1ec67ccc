// The signatures of kernels that mark positions. Read next: ApusKernelsBaseline/Positions/Rotary.swift.

/// Rotary positions, a part of `KernelTable`.
package struct PositionKernels: Sendable {
  package var rotate: @Sendable (RotaryArguments, Schedule) -> Void

  package init(rotate: @escaping @Sendable (RotaryArguments, Schedule) -> Void) { self.rotate = rotate }
}
