// The names of the pointwise kernels. Read next: ApusKernelsBaseline/Pointwise/Activations.swift.

/// y = f(x), element by element.
package enum UnaryOperation: Int32, CaseIterable, Sendable {
  case negate, square, squareRoot, reciprocal, absolute
  case exp, log, tanh, sigmoid, erf
  case relu, gelu, geluTanh, silu, quickGelu
}

/// c = f(a, b), element by element, with a or b broadcast along rows or columns.
package enum BinaryOperation: Int32, CaseIterable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum
}

/// What is taken over an axis.
package enum Reduction: Int32, CaseIterable, Sendable {
  case sum, maximum, minimum
}

/// The hyperparameters of one fused Adam or AdamW step.
package struct AdamArguments: Sendable {
  package var learningRate: Float
  package var beta1: Float
  package var beta2: Float
  package var epsilon: Float
  package var weightDecay: Float
  /// AdamW: the decay multiplies the parameter instead of joining the gradient.
  package var isDecoupled: Bool
  /// 1 − β₁ᵗ
  package var correction1: Float
  /// 1 − β₂ᵗ
  package var correction2: Float
  /// Multiplies the gradient first (clipping).
  package var gradientScale: Float

  package init(
    learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float, isDecoupled: Bool,
    correction1: Float, correction2: Float, gradientScale: Float
  ) {
    (self.learningRate, self.beta1, self.beta2, self.epsilon) = (learningRate, beta1, beta2, epsilon)
    (self.weightDecay, self.isDecoupled) = (weightDecay, isDecoupled)
    (self.correction1, self.correction2, self.gradientScale) = (correction1, correction2, gradientScale)
  }
}

/// One parameter of a fused optimizer step: pointers to its elements, its gradient and its moments.
package struct AdamSegment {
  package var parameter: UnsafeMutablePointer<Float>
  package var gradient: UnsafePointer<Float>
  package var firstMoment: UnsafeMutablePointer<Float>
  package var secondMoment: UnsafeMutablePointer<Float>
  /// The largest second moment so far (AMSGrad); nil: not used.
  package var largestSecondMoment: UnsafeMutablePointer<Float>?
  package var count: Int

  package init(
    parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    largestSecondMoment: UnsafeMutablePointer<Float>? = nil, count: Int
  ) {
    (self.parameter, self.gradient) = (parameter, gradient)
    (self.firstMoment, self.secondMoment) = (firstMoment, secondMoment)
    (self.largestSecondMoment, self.count) = (largestSecondMoment, count)
  }
}

extension UnaryOperation {
  /// Whether the backward wants the result f(x) rather than the input x.
  package var savesResult: Bool {
    switch self {
    case .squareRoot, .reciprocal, .exp, .tanh, .sigmoid: true
    case .negate, .square, .absolute, .log, .erf, .relu, .gelu, .geluTanh, .silu, .quickGelu: false
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
