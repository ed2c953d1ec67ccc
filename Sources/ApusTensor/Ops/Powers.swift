// Powers and clamping: elementwise functions with parameters. Read first: Elementary.swift.
// Read next: ApusKernelsBaseline/Pointwise/Parametric.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// f(x), element by element; not recorded.
  func mapped(_ function: ParametricFunction) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in Kernels.current.parametric(function, x, y, count: elementCount, Kernels.schedule) }
    }
  }

  /// dy · f′(x), where self is x.
  func mappedBackward(_ function: ParametricFunction, _ dy: Tensor) -> Tensor {
    Tensor(uninitialized: shape) { dx in
      read(self, dy) { x, dy in
        Kernels.current.parametricBackward(function, x, dy, dx, count: elementCount, Kernels.schedule)
      }
    }
  }

  /// xⁿ for a number n; NaN where x is negative and n is not an integer, 1 if n = 0.
  ///
  /// The derivative is n·xⁿ⁻¹, and 0 if n = 0.
  public func pow(_ exponent: Float) -> Tensor {
    // These powers have kernels that are many times faster and no less accurate.
    if exponent == 2 { return squared() }
    if exponent == -1 { return reciprocal() }
    let x = self
    let function = ParametricFunction(.power, exponent)
    return mapped(function).recorded("pow") { wrt(x) { dy in x.mappedBackward(function, dy) } }
  }

  /// xʸ, element by element, broadcast; NaN where x is negative and y is not an integer, 1 where y is 0.
  ///
  /// The derivatives are y·xʸ⁻¹ (0 where y is 0) and xʸ·ln x (0 where x is 0 and y is not negative).
  public func pow(_ exponent: Tensor) -> Tensor {
    let (x, y) = (self, exponent)
    let z = Tensor.combine(.power, "pow", x, y)
    return z.recorded("pow") {
      wrt(x) { dz in
        let slope = y.detached * Tensor.combine(.power, "pow", x, y.detached - 1)
        return (dz * select(equal(y, 0), 0, slope)).summed(to: x.shape)
      }
      wrt(y) { dz in
        let isFlat = equal(x, 0) * greaterEqual(y, 0)
        return (dz * select(isFlat, 0, z.detached * x.detached.log())).summed(to: y.shape)
      }
    }
  }

  /// min(max(x, min), max), with derivative 1 from `min` to `max` and 0 outside; NaN stays NaN.
  ///
  /// - Precondition: min ≤ max.
  public func clamped(min: Float = -.infinity, max: Float = .infinity) -> Tensor {
    require(min <= max, "clamped: limits \(min) and \(max) (expected min ≤ max)")
    let x = self
    let function = ParametricFunction(.clamp, min, max)
    return mapped(function).recorded("clamped") { wrt(x) { dy in x.mappedBackward(function, dy) } }
  }
}
