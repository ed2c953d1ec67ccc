// Adagrad. Read first: RMSprop.swift.

import ApusKernelTypes
import ApusKernels

/// Adagrad (Duchi, Hazan, Singer, JMLR 12, 2011): divides the gradient by the root of the sum of all its squares.
///
///     s ← s + g²,  p ← p − η/(1 + (t−1)κ) · g / (√s + ε)
public final class Adagrad: ElementwiseOptimizer {
  /// κ: how fast the learning rate falls besides.
  public let learningRateDecay: Float
  /// ε: keeps the division finite.
  public let epsilon: Float

  /// - Parameters:
  ///   - parameters: parameters or groups of them; their order matters for saving the state.
  ///   - initialSum: what the sums of squares begin with.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 1e-2, learningRateDecay: Float = 0, weightDecay: Float = 0,
    initialSum: Float = 0, epsilon: Float = 1e-10, maximizes: Bool = false
  ) {
    (self.learningRateDecay, self.epsilon) = (learningRateDecay, epsilon)
    super.init(
      parameters, slots: ["sumOfSquares"], learningRate: learningRate, weightDecay: weightDecay, maximizes: maximizes)
    if initialSum != 0 { fill(slot: 0, with: initialSum) }
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let rule = RootMeanSquareArguments(
      rate: arguments.learningRate / (1 + Float(step - 1) * learningRateDecay), keep: 1, take: 1, epsilon: epsilon)
    Kernels.current.rootMeanSquareStep(segments, arguments, rule, Kernels.schedule)
  }
}
