// Gradients as a value: looked up by what they are the gradients of.
// Read first: Tape.swift. Read next: ApusTraining/Optimizer.swift.

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
  private var positions: [ObjectIdentifier: Int] = [:]
  /// In order of first use on the tape, so that sums over all of them have one order.
  private var entries: [(variable: Variable, gradient: Tensor)] = []
  /// A factor that belongs to every gradient and is not yet multiplied in: an optimizer reads each element once anyway.
  package private(set) var scale: Float = 1

  /// No gradients.
  public init() {}

  /// The gradient of `variable`; nil if the computation did not depend on it.
  public subscript(variable: Variable) -> Tensor? {
    get { unscaled(variable).map { scale == 1 ? $0 : $0 * scale } }
    set {
      multiplyScaleIn()
      let key = ObjectIdentifier(variable)
      switch (positions[key], newValue) {
      case (let position?, let gradient?):
        entries[position].gradient = gradient
      case (nil, let gradient?):
        positions[key] = entries.count
        entries.append((variable, gradient))
      case (let position?, nil):
        entries.remove(at: position)
        positions[key] = nil
        for index in position..<entries.count { positions[ObjectIdentifier(entries[index].variable)] = index }
      case (nil, nil):
        break
      }
    }
  }

  /// The gradient of `variable` before `scale` is multiplied in.
  package func unscaled(_ variable: Variable) -> Tensor? {
    positions[ObjectIdentifier(variable)].map { entries[$0].gradient }
  }

  private mutating func multiplyScaleIn() {
    guard scale != 1 else { return }
    for index in entries.indices { entries[index].gradient = entries[index].gradient * scale }
    scale = 1
  }

  /// The number of gradients.
  public var count: Int { entries.count }

  /// √Σ g² over all gradients, summed in Double.
  public var norm: Float {
    var total = 0.0
    for entry in entries {
      total += read(entry.gradient) { Kernels.table.sumOfSquares($0, entry.gradient.elementCount, Kernels.schedule) }
    }
    return Float(total.squareRoot()) * scale
  }

  /// These gradients times `limit / norm` if their common norm is larger than `limit` (Pascanu et al., arXiv:1211.5063).
  ///
  /// As PyTorch's `clip_grad_norm_`, the factor is limit / (norm + 10⁻⁶), at most 1.
  ///
  /// - Complexity: one pass over all gradients.
  public func clipped(toNorm limit: Float) -> Gradients {
    var result = self
    result.scale *= Swift.min(1, limit / (norm + 1e-6))
    return result
  }

  /// The sum with other gradients, for batches that are too large to compute at once.
  public func adding(_ other: Gradients) -> Gradients {
    var result = self
    result.multiplyScaleIn()
    for (variable, gradient) in other.entries {
      if let position = result.positions[ObjectIdentifier(variable)] {
        result.entries[position].gradient.accumulate(gradient, scale: other.scale)
      } else {
        result[variable] = other.scale == 1 ? gradient : gradient * other.scale
      }
    }
    return result
  }
}
