// RMSprop. Read first: ElementwiseOptimizer.swift; ApusKernelsBaseline/Optimizers/RootMeanSquare.swift, the arithmetic.
// Read next: Adagrad.swift, Adadelta.swift.

import ApusKernelTypes
import ApusKernels
import ApusTensor

/// RMSprop (Tieleman, Hinton, 2012; centered: Graves, arXiv:1308.0850): divides the gradient by the root of a running mean
/// of its square.
///
///     s ← αs + (1−α)g²,  p ← p − η · g / (√s + ε)
///
/// Centered, √(s − a²) with the running mean a of the gradient takes the place of √s; with a momentum μ, the quotient goes
/// into a velocity b ← μb + g/(…), and steps are along that.
public final class RMSprop: ElementwiseOptimizer, MomentumOptimizer {
  /// α: the share that the running means keep at each step.
  public let smoothing: Float
  /// ε: keeps the division finite.
  public let epsilon: Float
  /// μ: the share of the velocity that is kept.
  public var momentum: Float {
    didSet {
      require(
        hasVelocity || momentum == 0,
        "RMSprop: a momentum of \(momentum), but it was made without (momentum 0 in init)")
    }
  }
  /// Whether the gradient's variance takes the place of its square.
  public let isCentered: Bool
  private let hasVelocity: Bool

  /// - Parameters:
  ///   - parameters: parameters or groups of them; their order matters for saving the state.
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
