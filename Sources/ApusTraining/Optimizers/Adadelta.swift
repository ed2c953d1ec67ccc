// Adadelta. Read first: RMSprop.swift.

import ApusKernelTypes
import ApusKernels

/// Adadelta (Zeiler, arXiv:1212.5701): the ratio of the sizes of past steps and past gradients takes the place of a learning
/// rate.
///
///     s ← ρs + (1−ρ)g²,  d = √(x + ε) / √(s + ε) · g,  x ← ρx + (1−ρ)d²,  p ← p − η · d
public final class Adadelta: ElementwiseOptimizer {
  /// ρ: the share that the running means keep at each step.
  public let smoothing: Float
  /// ε: how large the first steps are, and what keeps the division finite.
  public let epsilon: Float

  /// - Parameters:
  ///   - parameters: parameters or groups of them; their order matters for saving the state.
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
