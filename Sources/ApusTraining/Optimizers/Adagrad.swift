// The Adagrad optimizer.
// Read first: RMSprop.swift.

import ApusKernelTypes
import ApusKernels

/// Adagrad (Duchi, Hazan, Singer, JMLR 12, 2011): divides the gradient by the square root of the sum of all past
/// squared gradients.
///
///     s ← s + g²,  p ← p − η/(1 + (t−1)κ) · g / (√s + ε)
public final class Adagrad: ElementwiseOptimizer {
  /// κ: the additional decay of the learning rate.
  public let learningRateDecay: Float
  /// ε: a small constant that avoids division by zero.
  public let epsilon: Float

  /// Makes an Adagrad optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  ///   - initialSum: the initial value of the sums of squares.
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
