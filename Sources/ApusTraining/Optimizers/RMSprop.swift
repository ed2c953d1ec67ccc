// The RMSprop optimizer. Read first: ElementwiseOptimizer.swift; ApusKernelsBaseline/Optimizers/RootMeanSquare.swift.
// Read next: Adagrad.swift, Adadelta.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels
import ApusTensor

/// RMSprop (Tieleman, Hinton, 2012; centered: Graves, arXiv:1308.0850): divides the gradient by the square root of a
/// running mean of the squared gradient.
///
///     s ← αs + (1−α)g²,  p ← p − η · g / (√s + ε)
///
/// The centered variant replaces √s by √(s − a²), where a is the running mean of the gradient. With a momentum μ, the
/// step is along the velocity b ← μb + g/(…).
public final class RMSprop: ElementwiseOptimizer, MomentumOptimizer {
  /// α: the decay rate of the running means.
  public let smoothing: Float
  /// ε: a small constant that avoids division by zero.
  public let epsilon: Float
  /// μ: the momentum, the decay rate of the velocity.
  public var momentum: Float {
    didSet {
      require(
        hasVelocity || momentum == 0,
        "RMSprop: a momentum of \(momentum), but the optimizer was initialized with momentum 0")
    }
  }
  /// Whether the gradient is divided by the root of its variance rather than of its mean square.
  public let isCentered: Bool
  private let hasVelocity: Bool

  /// Makes an RMSprop optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 1e-2, smoothing: Float = 0.99, epsilon: Float = 1e-8,
    weightDecay: Float = 0, momentum: Float = 0, isCentered: Bool = false, maximizes: Bool = false
  ) {
    (self.smoothing, self.epsilon, self.momentum, self.isCentered) = (smoothing, epsilon, momentum, isCentered)
    hasVelocity = momentum != 0
    super.init(
      parameters, slots: ["meanSquare", isCentered ? "mean" : nil, hasVelocity ? "velocity" : nil],
      learningRate: learningRate, weightDecay: weightDecay, maximizes: maximizes)
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let rule = RootMeanSquareArguments(
      rate: arguments.learningRate, keep: smoothing, take: 1 - smoothing, epsilon: epsilon, momentum: momentum)
    Kernels.current.rootMeanSquareStep(segments, arguments, rule, Kernels.schedule)
  }
}
