// Gradient descent, with momentum. Read first: Optimizer.swift.

import ApusKernelTypes
import ApusKernels
public import ApusTensor

/// Stochastic gradient descent: p ← p − η · v, with v ← μv + (1 − τ)g (Polyak 1964; Sutskever et al., ICML 2013).
///
/// As in PyTorch, the velocity begins as the first gradient, weight decay is added to the gradient, and Nesterov's form steps
/// along g + μv.
public final class SGD: Optimizer {
  public var learningRate: Float
  /// μ: the share of the velocity that is kept.
  public let momentum: Float
  /// τ: the share of the gradient that is left out of the velocity.
  public let dampening: Float
  /// λ: λ·p is added to the gradient.
  public let weightDecay: Float
  /// Whether steps go along g + μv.
  public let isNesterov: Bool
  /// Ascends instead of descending.
  public let maximizes: Bool
  private let variables: [Variable]
  private var velocities: Slots?
  /// Which velocities have seen a gradient.
  private var hasVelocity: [Bool]

  /// - Precondition: Nesterov's form needs a momentum and no dampening.
  public init(
    _ parameters: [Variable], learningRate: Float = 1e-3, momentum: Float = 0, dampening: Float = 0,
    weightDecay: Float = 0, isNesterov: Bool = false, maximizes: Bool = false
  ) {
    require(
      !isNesterov || (momentum > 0 && dampening == 0),
      "SGD: Nesterov momentum needs a momentum and no dampening (momentum \(momentum), dampening \(dampening))")
    variables = parameters
    (self.learningRate, self.momentum, self.dampening) = (learningRate, momentum, dampening)
    (self.weightDecay, self.isNesterov, self.maximizes) = (weightDecay, isNesterov, maximizes)
    velocities = momentum == 0 ? nil : Slots("velocity", like: parameters)
    hasVelocity = Array(repeating: false, count: parameters.count)
  }

  public func step(_ gradients: Gradients) {
    for (index, variable) in variables.enumerated() {
      guard let gradient = gradients.unscaled(variable) else { continue }
      var value = variable.takeValue()
      // g ← ±scale · gradient + λp
      var direction = gradient * (maximizes ? -gradients.scale : gradients.scale)
      if weightDecay != 0 { add(value, to: &direction, scale: weightDecay) }
      if momentum != 0, var velocity = velocities?.tensors[index] {
        if hasVelocity[index] {
          velocity = velocity * momentum
          add(direction, to: &velocity, scale: 1 - dampening)
        } else {
          velocity = direction
          hasVelocity[index] = true
        }
        velocities?.tensors[index] = velocity
        if isNesterov { add(velocity, to: &direction, scale: momentum) } else { direction = velocity }
      }
      add(direction, to: &value, scale: -learningRate)
      variable.value = value
    }
  }

  private func add(_ x: Tensor, to y: inout Tensor, scale: Float) {
    x.withUnsafePointer { x in
      let count = y.elementCount
      y.withUnsafeMutablePointer { Kernels.table.addScaled(x, $0, scale, count, Kernels.schedule) }
    }
  }

  public var state: [(name: String, tensor: Tensor)] {
    guard let velocities else { return [] }
    return velocities.state + [("hasVelocity", Tensor(hasVelocity.map { $0 ? 1 : 0 }))]
  }

  public func load(state: [String: Tensor]) throws(OptimizerStateError) {
    var problems: [String] = []
    var velocities = velocities
    velocities?.load(state, &problems)
    let flags = state["hasVelocity"]?.scalars ?? []
    if velocities != nil && flags.count != variables.count {
      problems.append("hasVelocity: expected \(variables.count) flags")
    }
    state.checkNames(self.state, &problems)
    guard problems.isEmpty else { throw OptimizerStateError(problems: problems) }
    guard velocities != nil else { return }
    self.velocities = velocities
    hasVelocity = flags.map { $0 != 0 }
  }
}
