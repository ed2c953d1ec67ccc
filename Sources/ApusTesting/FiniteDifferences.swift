// Central finite differences: derivatives from a function's values at two nearby points.
// Read next: CheckGradients.swift, which compares them with the tape's derivatives.

import ApusBase
public import ApusTensor

/// The derivative of Σ weights · f(x) at x along a direction, as a central finite difference.
///
///     (f(x + h·d) − f(x − h·d)) / 2h
///
/// - Parameters:
///   - function: maps a tensor of x's shape to a tensor of any shape. It is called twice, and nothing is recorded.
///   - x: the point at which to differentiate.
///   - direction: d, the shape of x; usually a unit vector.
///   - weights: the shape of the function's result; all 1 if nil.
///   - step: h.
/// - Returns: the difference quotient; all sums are in Double.
public func finiteDifference(
  of function: (Tensor) -> Tensor, at x: Tensor, along direction: Tensor, weights: Tensor? = nil, step: Float = 1e-2
) -> Double {
  let probe = Probe(at: x, along: direction, step: step)
  let (forward, backward) = withoutRecording { (function(probe.forward), function(probe.backward)) }
  return probe.quotient(forward, backward, weights: weights?.scalars)
}

/// The gradient of a scalar function, from one finite difference for every element of x.
///
/// - Complexity: two calls of the function for every element.
/// - Precondition: the function's result has one element.
public func finiteDifferenceGradient(of function: (Tensor) -> Tensor, at x: Tensor, step: Float = 1e-2) -> Tensor {
  let derivatives = (0..<x.elementCount).map { position in
    Float(
      finiteDifference(
        of: { input in
          let value = function(input)
          require(
            value.elementCount == 1,
            "finiteDifferenceGradient: the result has shape \(value.shape) (expected one element)")
          return value
        }, at: x, along: .unit(position, of: x.shape), step: step))
  }
  return Tensor(derivatives, shape: x.shape)
}

/// The two points x ± h·d.
struct Probe {
  let forward: Tensor
  let backward: Tensor
  private let step: Double

  init(at x: Tensor, along direction: Tensor, step: Float) {
    require(
      x.shape == direction.shape, "finiteDifference: x \(x.shape), direction \(direction.shape) (they must be equal)")
    let (values, unit) = (x.scalars, direction.scalars)
    forward = Tensor(zip(values, unit).map { $0 + step * $1 }, shape: x.shape)
    backward = Tensor(zip(values, unit).map { $0 - step * $1 }, shape: x.shape)
    self.step = Double(step)
  }

  /// Σ gradient · d, where d is the actual direction: x ± h·d is rounded, and h·d may be only a few ulps of x.
  func derivative(from gradient: Tensor) -> Double {
    quotient(forward, backward, weights: gradient.scalars)
  }

  /// Σ weights · (a − b) / 2h, in Double.
  func quotient(_ a: Tensor, _ b: Tensor, weights: [Float]?) -> Double {
    let (a, b) = (a.scalars, b.scalars)
    require(
      a.count == b.count && a.count == weights?.count ?? a.count,
      "finiteDifference: results of \(a.count) and \(b.count) elements, \(weights?.count ?? a.count) weights")
    var total = 0.0
    for i in a.indices { total += Double(weights?[i] ?? 1) * (Double(a[i]) - Double(b[i])) }
    return total / (2 * step)
  }
}

extension Tensor {
  /// A tensor that is 1 at one row-major position and 0 elsewhere.
  static func unit(_ position: Int, of shape: Shape) -> Tensor {
    var elements = [Float](repeating: 0, count: shape.elementCount)
    elements[position] = 1
    return Tensor(elements, shape: shape)
  }
}
