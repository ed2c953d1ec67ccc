// The signatures of functions of one variable that have parameters, and of selection.
// Read next: ApusKernelsBaseline/Pointwise/Parametric.swift and Selection.swift.

/// Functions with parameters and selection, a part of `KernelTable`.
package struct PointwiseKernels: Sendable {
  package typealias Input = UnsafePointer<Float>
  package typealias Output = UnsafeMutablePointer<Float>

  /// (function, x, y, count)
  package var parametric: @Sendable (ParametricFunction, Input, Output, _ count: Int, Schedule) -> Void
  /// (function, x, dy, dx, count)
  package var parametricBackward: @Sendable (ParametricFunction, Input, Input, Output, _ count: Int, Schedule) -> Void
  /// c ← mask ≠ 0 ? a : b: (mask, a, b, c, count); a and b may be single numbers.
  package var select: @Sendable (Input, BroadcastRows, BroadcastRows, Output, _ count: Int, Schedule) -> Void

  package init(
    parametric: @escaping @Sendable (ParametricFunction, Input, Output, _ count: Int, Schedule) -> Void,
    parametricBackward:
      @escaping @Sendable (ParametricFunction, Input, Input, Output, _ count: Int, Schedule) -> Void,
    select: @escaping @Sendable (Input, BroadcastRows, BroadcastRows, Output, _ count: Int, Schedule) -> Void
  ) {
    (self.parametric, self.parametricBackward, self.select) = (parametric, parametricBackward, select)
  }
}

/// Which function of one variable and up to two parameters a, b.
package enum ParametricOperation: Int32, CaseIterable, Sendable {
  /// x above 0, a·x elsewhere
  case leakyReLU
  /// x above 0, a·(eˣ − 1) elsewhere
  case elu
  /// ln(1 + e^(a·x)) / a, a > 0
  case softplus
  /// xᵃ
  case power
  /// min(max(x, a), b)
  case clamp
}

/// A function of one variable: an operation and its parameters.
@frozen
package struct ParametricFunction: Sendable {
  package var operation: ParametricOperation
  package var a: Float
  package var b: Float

  package init(_ operation: ParametricOperation, _ a: Float, _ b: Float = 0) {
    (self.operation, self.a, self.b) = (operation, a, b)
  }
}
