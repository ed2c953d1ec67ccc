// The Adadelta optimizer.
// Read first: RMSprop.swift.

import ApusKernelTypes
import ApusKernels

/// Adadelta (Zeiler, arXiv:1212.5701): scales the gradient by the ratio of the root mean squares of past steps and past
/// gradients.
///
///     s ← ρs + (1−ρ)g²,  d = √(x + ε) / √(s + ε) · g,  x ← ρx + (1−ρ)d²,  p ← p − η · d
public final class Adadelta: ElementwiseOptimizer {
  /// ρ: the decay rate of the running means.
  public let smoothing: Float
  /// ε: a small constant that sets the size of the first steps and avoids division by zero.
  public let epsilon: Float

  /// Makes an Adadelta optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 1, smoothing: Float = 0.9, epsilon: Float = 1e-6,
    weightDecay: Float = 0, maximizes: Bool = false
  ) {
    (self.smoothing, self.epsilon) = (smoothing, epsilon)
    super.init(
      parameters, slots: ["meanSquare", "meanSquareStep"], learningRate: learningRate, weightDecay: weightDecay,
      maximizes: maximizes)
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let rule = AdaptiveDeltaArguments(rate: arguments.learningRate, rho: smoothing, epsilon: epsilon)
    Kernels.current.adaptiveDeltaStep(segments, arguments, rule, Kernels.schedule)
  }
}
