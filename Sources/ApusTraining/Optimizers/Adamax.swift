// The Adamax optimizer: Adam with the maximum norm of past gradients in place of their mean square.
// Read first: Adam.swift.

import ApusKernelTypes
import ApusKernels
import Foundation

/// Adamax (Kingma, Ba, arXiv:1412.6980, section 7.1): Adam with the maximum norm in place of the second moment.
///
///     m ← β₁m + (1−β₁)g,  u ← max(β₂u, |g| + ε),  p ← p − η/(1−β₁ᵗ) · m/u
public final class Adamax: ElementwiseOptimizer {
  /// β₁ and β₂: the decay rates of the running mean and of the largest gradient.
  public let betas: (Float, Float)
  /// ε: a small constant that avoids division by zero.
  public let epsilon: Float

  /// Makes an Adamax optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 2e-3, betas: (Float, Float) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0, maximizes: Bool = false
  ) {
    (self.betas, self.epsilon) = (betas, epsilon)
    super.init(
      parameters, slots: ["firstMoment", "largestGradient"], learningRate: learningRate, weightDecay: weightDecay,
      maximizes: maximizes)
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let correction = 1 - pow(Double(betas.0), Double(step))
    let rule = LargestMomentArguments(
      rate: Float(Double(arguments.learningRate) / correction), beta1: betas.0, beta2: betas.1, epsilon: epsilon)
    Kernels.current.largestMomentStep(segments, arguments, rule, Kernels.schedule)
  }
}
