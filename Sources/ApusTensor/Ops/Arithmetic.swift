// Elementwise +, −, ×, ÷, maximum and minimum, with broadcasting and with numbers.
// Read first: ../Autograd/Pullback.swift, Broadcasting.swift. Read next: Elementary.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  static func combine(_ operation: BinaryOperation, _ name: StaticString, _ a: Tensor, _ b: Tensor) -> Tensor {
    let plan = BroadcastPlan(name, a.shape, b.shape)
    return Tensor(uninitialized: plan.shape) { plan.run(operation, a, b, into: $0) }
  }

  /// scale · self + offset; not recorded.
  func affine(scale: Float, offset: Float) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.affine(x, y, scale: scale, offset: offset, count: elementCount, Kernels.schedule)
      }
    }
  }

  // A pullback's captures live until the backward pass has reached it. Where a shape suffices, no tensor is captured.

  /// a + b, element by element, broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    combine(.add, "add", a, b).recorded("add") {
      wrt(a) { [shape = a.shape] dc in dc.summed(to: shape) }
      wrt(b) { [shape = b.shape] dc in dc.summed(to: shape) }
    }
  }

  /// a − b, element by element, broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    combine(.subtract, "subtract", a, b).recorded("subtract") {
      wrt(a) { [shape = a.shape] dc in dc.summed(to: shape) }
      wrt(b) { [shape = b.shape] dc in (-dc).summed(to: shape) }
    }
  }

  /// a · b, element by element, broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    combine(.multiply, "multiply", a, b).recorded("multiply") {
      wrt(a) { dc in (dc * b).summed(to: a.shape) }
      wrt(b) { dc in (dc * a).summed(to: b.shape) }
    }
  }

  /// a / b, element by element, broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    combine(.divide, "divide", a, b).recorded("divide") {
      wrt(a) { dc in (dc / b).summed(to: a.shape) }
      wrt(b) { dc in (-(dc * a) / (b * b)).summed(to: b.shape) }
    }
  }

  /// −x
  public static prefix func - (x: Tensor) -> Tensor {
    x.affine(scale: -1, offset: 0).recorded("negate") {
      wrt(x) { dy in -dy }
    }
  }

  /// x + number
  public static func + (x: Tensor, number: Float) -> Tensor {
    x.affine(scale: 1, offset: number).recorded("addScalar") {
      wrt(x) { dy in dy }
    }
  }

  /// x · number
  public static func * (x: Tensor, number: Float) -> Tensor {
    x.affine(scale: number, offset: 0).recorded("scale") {
      wrt(x) { dy in dy * number }
    }
  }

  public static func + (number: Float, x: Tensor) -> Tensor { x + number }
  public static func * (number: Float, x: Tensor) -> Tensor { x * number }
  public static func - (x: Tensor, number: Float) -> Tensor { x + (-number) }
  public static func - (number: Float, x: Tensor) -> Tensor { -x + number }
  public static func / (x: Tensor, number: Float) -> Tensor { x / Tensor(number) }
  public static func / (number: Float, x: Tensor) -> Tensor { Tensor(number) / x }

  public static func += (a: inout Tensor, b: Tensor) {
    if a.isTracked || b.isTracked || a.shape != b.shape {
      a = a + b
    } else {
      a.accumulate(b)
    }
  }

  public static func -= (a: inout Tensor, b: Tensor) {
    if a.isTracked || b.isTracked || a.shape != b.shape {
      a = a - b
    } else {
      a.accumulate(b, scale: -1)
    }
  }
}

/// The elementwise maximum of a and b, broadcast; where they are equal, each receives half of the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { extremum(a, b, isMaximum: true) }

/// The elementwise minimum of a and b, broadcast; where they are equal, each receives half of the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { extremum(a, b, isMaximum: false) }

private func extremum(_ a: Tensor, _ b: Tensor, isMaximum: Bool) -> Tensor {
  let plan = BroadcastPlan(isMaximum ? "maximum" : "minimum", a.shape, b.shape)
  let result = Tensor(uninitialized: plan.shape) { plan.run(isMaximum ? .maximum : .minimum, a, b, into: $0) }
  // The fraction of the gradient that a receives: ½ + ½ sign(±(a − b)), which is 1, ½ or 0.
  func share() -> Tensor {
    let difference = isMaximum ? a.detached - b.detached : b.detached - a.detached
    return difference.sign() * 0.5 + 0.5
  }
  return result.recorded("extremum") {
    wrt(a) { dc in (dc * share()).summed(to: a.shape) }
    wrt(b) { dc in (dc * (1 - share())).summed(to: b.shape) }
  }
}
