// Elementwise functions: exp, log, squares and roots, sin, cos, tanh, erf, rounding. Activation functions are in
// Activations.swift, functions with parameters in Powers.swift.
// Read first: ApusKernelsBaseline/Pointwise/Elementary.swift, which has each function and its derivative.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// f(x), element by element; not recorded.
  func mapped(_ operation: UnaryOperation) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in Kernels.current.unary(operation, x, y, count: elementCount, Kernels.schedule) }
    }
  }

  /// dy · f′, where self is the tensor that the forward pass saved: the input or the result.
  func mappedBackward(_ operation: UnaryOperation, _ dy: Tensor) -> Tensor {
    Tensor(uninitialized: shape) { dx in
      read(self, dy) { saved, dy in
        Kernels.current.unaryBackward(operation, saved: saved, dy, dx, count: elementCount, Kernels.schedule)
      }
    }
  }

  /// The tensor that the backward pass of `operation` reads: this input, or the result.
  func saved(for operation: UnaryOperation, _ result: Tensor) -> Tensor { operation.savesResult ? result : self }

  /// eˣ
  public func exp() -> Tensor {
    let (x, y) = (self, mapped(.exp))
    return y.recorded("exp") { wrt(x) { dy in y.mappedBackward(.exp, dy) } }
  }

  /// The natural logarithm; −∞ at 0, NaN below 0.
  public func log() -> Tensor {
    let x = self
    return mapped(.log).recorded("log") { wrt(x) { dy in x.mappedBackward(.log, dy) } }
  }

  /// √x; NaN below 0.
  public func squareRoot() -> Tensor {
    let (x, y) = (self, mapped(.squareRoot))
    return y.recorded("squareRoot") { wrt(x) { dy in y.mappedBackward(.squareRoot, dy) } }
  }

  /// 1/√x; ∞ at 0, NaN below 0.
  public func inverseSquareRoot() -> Tensor {
    let (x, y) = (self, mapped(.inverseSquareRoot))
    return y.recorded("inverseSquareRoot") { wrt(x) { dy in y.mappedBackward(.inverseSquareRoot, dy) } }
  }

  /// x²
  public func squared() -> Tensor {
    let x = self
    return mapped(.square).recorded("squared") { wrt(x) { dy in x.mappedBackward(.square, dy) } }
  }

  /// 1/x
  public func reciprocal() -> Tensor {
    let (x, y) = (self, mapped(.reciprocal))
    return y.recorded("reciprocal") { wrt(x) { dy in y.mappedBackward(.reciprocal, dy) } }
  }

  /// |x|; the derivative at 0 is 0.
  public func absoluteValue() -> Tensor {
    let x = self
    return mapped(.absolute).recorded("absoluteValue") { wrt(x) { dy in x.mappedBackward(.absolute, dy) } }
  }

  /// The sign of every element: −1, 0 or 1. No gradient flows through it.
  public func sign() -> Tensor {
    mappedBackward(.absolute, Tensor(repeating: 1, shape: shape))
  }

  /// The sine of angles in radians, for all finite floats.
  public func sin() -> Tensor {
    let x = self
    return mapped(.sine).recorded("sin") { wrt(x) { dy in x.mappedBackward(.sine, dy) } }
  }

  /// The cosine of angles in radians, for all finite floats.
  public func cos() -> Tensor {
    let x = self
    return mapped(.cosine).recorded("cos") { wrt(x) { dy in x.mappedBackward(.cosine, dy) } }
  }

  /// The hyperbolic tangent.
  public func tanh() -> Tensor {
    let (x, y) = (self, mapped(.tanh))
    return y.recorded("tanh") { wrt(x) { dy in y.mappedBackward(.tanh, dy) } }
  }

  /// The error function 2/√π ∫₀ˣ e^(−t²) dt.
  public func erf() -> Tensor {
    let x = self
    return mapped(.erf).recorded("erf") { wrt(x) { dy in x.mappedBackward(.erf, dy) } }
  }
  /// The largest integer that is at most x. No gradient flows through it.
  public func floor() -> Tensor { mapped(.floor) }

  /// The smallest integer that is at least x. No gradient flows through it.
  public func ceil() -> Tensor { mapped(.ceiling) }

  /// The nearest integer, ties to even. No gradient flows through it.
  public func round() -> Tensor { mapped(.round) }
}
