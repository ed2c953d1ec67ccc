// Gradients as a value: a table from parameters to their gradients.
// Read first: Tape.swift. Read next: Gradients+Clipping.swift; ApusTraining/Optimizers/Optimizer.swift.

/// The gradients of one computation, by parameter.
///
/// ```swift
/// let (loss, gradients) = valueAndGradients { crossEntropy(model(x), y) }
/// optimizer.step(gradients.clipped(toNorm: 1))
/// ```
public struct Gradients: Sendable {
  private var positions: [ObjectIdentifier: Int] = [:]
  /// In order of first use on the tape, so that sums over all of them have one order.
  private(set) var entries: [(variable: Variable, gradient: Tensor)] = []
  /// A factor of all gradients that is not multiplied in yet: an optimizer reads each element anyway, and applies it then.
  package private(set) var scale: Float = 1

  /// No gradients.
  public init() {}

  /// The gradient of `variable`; nil if the result does not depend on it.
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

  /// These gradients, with `change` applied to each.
  func mapped(_ change: (Tensor) -> Tensor) -> Gradients {
    var result = self
    result.multiplyScaleIn()
    for index in result.entries.indices { result.entries[index].gradient = change(result.entries[index].gradient) }
    return result
  }

  /// The sum of these and other gradients, for batches that are too large to compute at once.
  public func adding(_ other: Gradients) -> Gradients {
    var result = self
    result += other
    return result
  }

  /// Adds other gradients, in place where both have one for a parameter.
  ///
  /// ```swift
  /// var total = Gradients()
  /// for part in parts { total += valueAndGradients { loss(part) }.gradients }
  /// optimizer.step(total * (1 / Float(parts.count)))
  /// ```
  public static func += (total: inout Gradients, other: Gradients) {
    total.multiplyScaleIn()
    for (variable, gradient) in other.entries {
      if let position = total.positions[ObjectIdentifier(variable)] {
        total.entries[position].gradient.accumulate(gradient, scale: other.scale)
      } else {
        total[variable] = other.scale == 1 ? gradient : gradient * other.scale
      }
    }
  }

  /// The sum of two computations' gradients, parameter by parameter.
  public static func + (a: Gradients, b: Gradients) -> Gradients { a.adding(b) }

  /// The gradients times a number, which is multiplied in by the optimizer.
  ///
  /// - Complexity: O(1).
  public static func * (gradients: Gradients, factor: Float) -> Gradients {
    var result = gradients
    result.scale *= factor
    return result
  }
}
