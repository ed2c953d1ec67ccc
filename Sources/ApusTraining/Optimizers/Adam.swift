// The Adam and AdamW optimizers. Read first: ElementwiseOptimizer.swift; ApusKernelsBaseline/Optimizers/Moments.swift.
// Read next: NAdam.swift, RAdam.swift, Adamax.swift.

import ApusKernelTypes
import ApusKernels
import Foundation

/// Adam (Kingma, Ba, arXiv:1412.6980): steps along a running mean of the gradient, divided by the square root of a
/// running mean of the squared gradient.
///
///     m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
///     p ← p − η · (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
///
/// Weight decay is added to the gradient; `AdamW` decouples it.
public class Adam: ElementwiseOptimizer, MomentumOptimizer {
  /// β₁ and β₂: the decay rates of the running means.
  public final private(set) var betas: (Float, Float)
  /// ε: a small constant that avoids division by zero.
  public final let epsilon: Float
  /// Whether the step is divided by the largest second moment so far (AMSGrad; Reddi, Kale, Kumar, arXiv:1904.09237).
  public final let usesLargestMoment: Bool

  /// Makes an Adam optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public convenience init(
    _ parameters: [any Trainable], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0, usesLargestMoment: Bool = false, maximizes: Bool = false
  ) {
    self.init(
      parameters, learningRate, betas, epsilon, weightDecay, usesLargestMoment, maximizes, isDecayDecoupled: false)
  }

  init(
    _ parameters: [any Trainable], _ learningRate: Float, _ betas: (Float, Float), _ epsilon: Float,
    _ weightDecay: Float, _ usesLargestMoment: Bool, _ maximizes: Bool, isDecayDecoupled: Bool
  ) {
    (self.betas, self.epsilon, self.usesLargestMoment) = (betas, epsilon, usesLargestMoment)
    super.init(
      parameters, slots: ["firstMoment", "secondMoment", usesLargestMoment ? "largestSecondMoment" : nil],
      learningRate: learningRate, weightDecay: weightDecay, isDecayDecoupled: isDecayDecoupled, maximizes: maximizes)
  }

  /// β₁
  public final var momentum: Float {
    get { betas.0 }
    set { betas.0 = newValue }
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let correction = (1 - pow(Double(betas.0), Double(step)), 1 - pow(Double(betas.1), Double(step)))
    let moments = MomentArguments(
      beta1: betas.0, beta2: betas.1, meanRate: Float(Double(arguments.learningRate) / correction.0),
      rootScale: Float(1 / correction.1.squareRoot()), epsilon: epsilon)
    Kernels.current.momentStep(segments, arguments, moments, Kernels.schedule)
  }
}

/// Adam with decoupled weight decay (Loshchilov, Hutter, arXiv:1711.05101): p ← p · (1 − ηλ) before the step.
public final class AdamW: Adam {
  /// Makes an AdamW optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public convenience init(
    _ parameters: [any Trainable], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0.01, usesLargestMoment: Bool = false, maximizes: Bool = false
  ) {
    self.init(
      parameters, learningRate, betas, epsilon, weightDecay, usesLargestMoment, maximizes, isDecayDecoupled: true)
  }
}
