// Stochastic gradient descent with momentum.
// Read first: ElementwiseOptimizer.swift; ApusKernelsBaseline/Optimizers/Moments.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels
import ApusTensor

/// Stochastic gradient descent: p ← p − η · v, with v ← μv + (1 − τ)g (Polyak 1964; Sutskever et al., ICML 2013).
///
/// As in PyTorch, the first velocity is the first gradient, weight decay is added to the gradient, and with Nesterov
/// momentum the step is along g + μv.
public final class SGD: ElementwiseOptimizer, MomentumOptimizer {
  /// μ: the momentum, the decay rate of the velocity.
  public var momentum: Float {
    didSet {
      require(
        hasVelocity || momentum == 0,
        "SGD: a momentum of \(momentum), but the optimizer was initialized with momentum 0")
    }
  }
  /// τ: the dampening, the fraction of the gradient that is left out of the velocity.
  public let dampening: Float
  /// Whether to use Nesterov momentum, with steps along g + μv.
  public let isNesterov: Bool
  private let hasVelocity: Bool

  /// Makes an SGD optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  /// - Precondition: with Nesterov momentum, momentum > 0 and dampening = 0.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 1e-3, momentum: Float = 0, dampening: Float = 0,
    weightDecay: Float = 0, isNesterov: Bool = false, maximizes: Bool = false
  ) {
    require(
      !isNesterov || (momentum > 0 && dampening == 0),
      "SGD: Nesterov momentum requires momentum > 0 and dampening 0 (momentum \(momentum), dampening \(dampening))")
    (self.momentum, self.dampening, self.isNesterov) = (momentum, dampening, isNesterov)
    hasVelocity = momentum != 0
    super.init(
      parameters, slots: [hasVelocity ? "velocity" : nil], learningRate: learningRate, weightDecay: weightDecay,
      maximizes: maximizes)
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let descent = DescentArguments(
      rate: arguments.learningRate, keep: step == 1 ? 0 : momentum, take: step == 1 ? 1 : 1 - dampening,
      lookAhead: isNesterov ? momentum : nil)
    Kernels.current.gradientDescentStep(segments, arguments, descent, Kernels.schedule)
  }
}
