// The norm of all gradients, and gradient clipping. Read first: Gradients.swift.

import ApusKernelTypes
import ApusKernels

/// A norm of all gradients of a computation together.
public enum GradientNorm: Sendable {
  /// √Σ g²
  case euclidean
  /// Σ |g|
  case absoluteSum
  /// The largest |g|.
  case largest
}

extension Gradients {
  /// √Σ g² over the elements of all gradients, summed in Double.
  public var norm: Float { norm(.euclidean) }

  /// The norm of all gradients together, as if they were one long vector; 0 if there are none.
  ///
  /// - Complexity: one pass over all gradients.
  public func norm(_ kind: GradientNorm) -> Float {
    var total = 0.0
    for (_, gradient) in entries where gradient.elementCount > 0 {
      switch kind {
      case .euclidean:
        total += read(gradient) { Kernels.table.sumOfSquares($0, gradient.elementCount, Kernels.schedule) }
      case .absoluteSum:
        total += Double(gradient.absoluteValue().sum().scalar)
      case .largest:
        let largest = gradient.absoluteValue().reshaped(to: [gradient.elementCount]).max(along: 0).scalar
        // A comparison can lose a NaN; a sum cannot.
        let isNumber = read(gradient) {
          !Kernels.table.sumOfSquares($0, gradient.elementCount, Kernels.schedule).isNaN
        }
        total = isNumber && !total.isNaN ? Swift.max(total, Double(largest)) : .nan
      }
    }
    return Float(kind == .euclidean ? total.squareRoot() : total) * abs(scale)
  }

  /// These gradients times `limit / norm` if their common norm is larger than `limit` (Pascanu et al., arXiv:1211.5063).
  ///
  /// As in PyTorch's `clip_grad_norm_`, the factor is limit / (norm + 10⁻⁶), at most 1.
  ///
  /// - Complexity: one pass over all gradients.
  public func clipped(toNorm limit: Float, _ kind: GradientNorm = .euclidean) -> Gradients {
    self * Swift.min(1, limit / (norm(kind) + 1e-6))
  }

  /// These gradients with every element clamped to −limit … limit.
  ///
  /// - Precondition: limit ≥ 0.
  /// - Complexity: two passes over all gradients.
  public func clipped(toValue limit: Float) -> Gradients {
    require(limit >= 0, "clipped(toValue:): a limit of \(limit)")
    return mapped { gradient in maximum(minimum(gradient, Tensor(limit)), Tensor(-limit)) }
  }
}
