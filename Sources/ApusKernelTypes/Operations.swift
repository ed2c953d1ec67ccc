// The names of the pointwise kernels. Read next: ApusKernelsBaseline/Pointwise/Activations.swift.

/// y = f(x), element by element.
package enum UnaryOperation: Int32, CaseIterable, Sendable {
  case negate, square, squareRoot, inverseSquareRoot, reciprocal, absolute
  case exp, log, sine, cosine, tanh, sigmoid, erf
  case relu, gelu, geluTanh, silu, quickGelu
  case floor, ceiling, round
}

/// c = f(a, b), element by element, with a or b broadcast along rows or columns.
package enum BinaryOperation: Int32, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// 1 where the relation holds, else 0.
  case equal, notEqual, less, lessEqual
}

/// What is taken over an axis.
package enum Reduction: Int32, CaseIterable, Sendable {
  case sum, maximum, minimum
}

extension UnaryOperation {
  /// Whether the backward wants the result f(x) rather than the input x.
  package var savesResult: Bool {
    switch self {
    case .squareRoot, .inverseSquareRoot, .reciprocal, .exp, .tanh, .sigmoid: true
    case .negate, .square, .absolute, .log, .sine, .cosine, .erf, .relu, .gelu, .geluTanh, .silu, .quickGelu: false
    case .floor, .ceiling, .round: false
    }
  }
}

/// An operand of a broadcast: rows `rowStride` apart (0: the same row again), each a row or a single number.
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
