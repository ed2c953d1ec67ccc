// The RAdam optimizer: Adam with a rectified adaptive learning rate.
// Read first: Adam.swift.

import ApusKernelTypes
import ApusKernels
import Foundation

/// RAdam (Liu et al., arXiv:1908.03265): Adam with a factor that rectifies the variance of the adaptive learning rate.
/// In the first steps, when that variance is intractable, it is gradient descent with momentum.
///
///     ρ∞ = 2/(1−β₂) − 1,  ρₜ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ)
///     r = √((ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ))
///     p ← p − η · m/(1−β₁ᵗ) · r√(1−β₂ᵗ)/(√v + ε) if ρₜ > 5, else p ← p − η · m/(1−β₁ᵗ)
public final class RAdam: ElementwiseOptimizer {
  /// β₁ and β₂: the decay rates of the running means.
  public let betas: (Float, Float)
  /// ε: a small constant that avoids division by zero.
  public let epsilon: Float

  /// Makes an RAdam optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0, isDecayDecoupled: Bool = false, maximizes: Bool = false
  ) {
    (self.betas, self.epsilon) = (betas, epsilon)
    super.init(
      parameters, slots: ["firstMoment", "secondMoment"], learningRate: learningRate, weightDecay: weightDecay,
      isDecayDecoupled: isDecayDecoupled, maximizes: maximizes)
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let (beta1, beta2, t) = (Double(betas.0), Double(betas.1), Double(step))
    let (correction1, correction2) = (1 - pow(beta1, t), 1 - pow(beta2, t))
    let limit = 2 / (1 - beta2) - 1
    let length = limit - 2 * t * pow(beta2, t) / correction2
    var rate = Double(arguments.learningRate) / correction1
    let isAdaptive = length > 5
    if isAdaptive {
      let rectification = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
      rate *= (rectification * correction2).squareRoot()
    }
    // Without adaptation, the divisor is 0 · √v + 1.
    let moments = MomentArguments(
      beta1: betas.0, beta2: betas.1, meanRate: Float(rate), rootScale: isAdaptive ? 1 : 0,
      epsilon: isAdaptive ? epsilon : 1)
    Kernels.current.momentStep(segments, arguments, moments, Kernels.schedule)
  }
}
