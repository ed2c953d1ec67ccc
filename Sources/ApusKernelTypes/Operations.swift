// The names of the pointwise functions, and the operands of the kernels that apply them.
// Read next: ApusKernelsBaseline/Pointwise/PointwiseFunction.swift, where each name becomes a function.

/// A function of one variable, y = f(x), applied to every element.
package enum UnaryOperation: Int32, CaseIterable, Sendable {
  case negate, square, squareRoot, inverseSquareRoot, reciprocal, absolute
  case exp, log, sine, cosine, tanh, sigmoid, erf
  case relu, gelu, geluTanh, silu, quickGelu
  case floor, ceiling, round
}

extension UnaryOperation {
  /// Whether the backward needs the result f(x) rather than the input x.
  package var savesResult: Bool {
    switch self {
    case .squareRoot, .inverseSquareRoot, .reciprocal, .exp, .tanh, .sigmoid: true
    default: false
    }
  }
}

/// A function of two variables, c = f(a, b), applied to every pair of elements.
package enum BinaryOperation: Int32, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// 1 where the relation holds, 0 elsewhere.
  case equal, notEqual, less, lessEqual
}

/// A function of one variable with up to two parameters a and b.
package enum ParametricOperation: Int32, CaseIterable, Sendable {
  /// x for x > 0, a·x otherwise
  case leakyReLU
  /// x for x > 0, a·(eˣ − 1) otherwise
  case elu
  /// ln(1 + e^(a·x)) / a, a > 0
  case softplus
  /// xᵃ
  case power
  /// min(max(x, a), b)
  case clamp
}

/// A parametric operation with its parameters.
@frozen
package struct ParametricFunction: Sendable {
  package var operation: ParametricOperation
  package var a: Float
  package var b: Float

  package init(_ operation: ParametricOperation, _ a: Float, _ b: Float = 0) {
    (self.operation, self.a, self.b) = (operation, a, b)
  }
}

/// How the elements along an axis are combined.
package enum Reduction: Int32, CaseIterable, Sendable {
  case sum, maximum, minimum
}

/// An operand that is broadcast: rows `rowStride` apart (0 repeats one row), each of them a row or a single number.
package struct BroadcastRows {
  package var elements: UnsafePointer<Float>
  package var rowStride: Int
  package var isRow: Bool

  package init(_ elements: UnsafePointer<Float>, rowStride: Int, isRow: Bool) {
    (self.elements, self.rowStride, self.isRow) = (elements, rowStride, isRow)
  }

  /// The same operand from column `start` on.
  package func advanced(by start: Int) -> BroadcastRows {
    BroadcastRows(isRow ? elements + start : elements, rowStride: rowStride, isRow: isRow)
  }
}
