// Gradients as a value: looked up by what they are the gradients of.

import ApusKernelTypes
import ApusKernels
import Foundation

/// The gradients of one computation, by parameter.
///
/// ```swift
/// let (loss, gradients) = valueAndGradients { crossEntropy(model(x), y) }
/// optimizer.step(gradients.clipped(toNorm: 1))
/// ```
public struct Gradients: Sendable {
  private var table: [ObjectIdentifier: Int] = [:]
  private var entries: [(variable: Variable, gradient: Tensor)] = []

  /// No gradients.
  public init() {}

  /// The gradient of `variable`; nil if the computation did not depend on it.
  public subscript(variable: Variable) -> Tensor? {
    get { table[ObjectIdentifier(variable)].map { entries[$0].gradient } }
    set {
      let key = ObjectIdentifier(variable)
      if let newValue {
        if let index = table[key] {
          entries[index].gradient = newValue
        } else {
          table[key] = entries.count
          entries.append((variable, newValue))
        }
      } else if let index = table.removeValue(forKey: key) {
        entries.remove(at: index)
        for (key, position) in table where position > index { table[key] = position - 1 }
      }
    }
  }

  /// The number of gradients.
  public var count: Int { entries.count }

  /// √Σ g² over all gradients, summed in Double.
  public var norm: Float {
    var total = 0.0
    for entry in entries {
      total += read(entry.gradient) { Kernels.table.sumOfSquares($0, entry.gradient.elementCount, Kernels.schedule) }
    }
    return Float(total.squareRoot())
  }

  /// These gradients times `limit / norm` if their common norm is larger than `limit` (Pascanu et al., arXiv:1211.5063).
  ///
  /// As PyTorch's `clip_grad_norm_`, the factor is limit / (norm + 10⁻⁶), at most 1. It is kept aside and applied when the
  /// optimizer reads the gradients, which saves a pass over all of them.
  public func clipped(toNorm limit: Float) -> Gradients {
    var result = self
    result.scale *= Swift.min(1, limit / (norm * scale + 1e-6))
    return result
  }

  /// A factor that belongs to every gradient and is not yet multiplied in; 1 unless clipped.
  public private(set) var scale: Float = 1

  /// The sum with other gradients, for batches that are too large to compute at once.
  public func adding(_ other: Gradients) -> Gradients {
    var result = Gradients()
    for (variable, gradient) in entries { result[variable] = scale == 1 ? gradient : gradient * scale }
    for (variable, gradient) in other.entries {
      let scaled = other.scale == 1 ? gradient : gradient * other.scale
      if let old = result[variable] {
        result[variable] = nil
        var sum = old
        sum.accumulate(scaled)
        result[variable] = sum
      } else {
        result[variable] = scaled
      }
    }
    return result
  }
}
