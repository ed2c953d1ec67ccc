// The NAdam optimizer: Adam with Nesterov momentum.
// Read first: Adam.swift.

import ApusKernelTypes
import ApusKernels
import Foundation

/// NAdam (Dozat, ICLR workshop 2016): Adam with Nesterov momentum, which warms up.
///
///     μₜ = β₁(1 − ½ · 0.96^(tψ)),  m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
///     p ← p − η · (μₜ₊₁m / (1 − μ₁…μₜ₊₁) + (1 − μₜ)g / (1 − μ₁…μₜ)) / (√(v/(1−β₂ᵗ)) + ε)
public final class NAdam: ElementwiseOptimizer {
  /// β₁ and β₂: the decay rates of the running means.
  public let betas: (Float, Float)
  /// ε: a small constant that avoids division by zero.
  public let epsilon: Float
  /// ψ: the speed of the momentum's warm-up.
  public let momentumDecay: Float
  /// The products μ₁ … μₜ for every t so far; 1 for t = 0.
  private var products = [1.0]

  /// Makes an NAdam optimizer.
  ///
  /// - Parameters:
  ///   - parameters: the parameters or parameter groups, in an order that must be the same when the state is restored.
  public init(
    _ parameters: [any Trainable], learningRate: Float = 2e-3, betas: (Float, Float) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0, momentumDecay: Float = 4e-3, isDecayDecoupled: Bool = false,
    maximizes: Bool = false
  ) {
    (self.betas, self.epsilon, self.momentumDecay) = (betas, epsilon, momentumDecay)
    super.init(
      parameters, slots: ["firstMoment", "secondMoment"], learningRate: learningRate, weightDecay: weightDecay,
      isDecayDecoupled: isDecayDecoupled, maximizes: maximizes)
  }

  private func mu(_ step: Int) -> Double {
    Double(betas.0) * (1 - 0.5 * pow(0.96, Double(step) * Double(momentumDecay)))
  }

  /// The product μ₁ … μₜ, always multiplied in the same order, so that a resumed run gives the same bits as an
  /// uninterrupted one.
  private func product(upTo step: Int) -> Double {
    while products.count <= step { products.append(products[products.count - 1] * mu(products.count)) }
    return products[step]
  }

  override func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    let rate = Double(arguments.learningRate)
    let moments = MomentArguments(
      beta1: betas.0, beta2: betas.1, meanRate: Float(rate * mu(step + 1) / (1 - product(upTo: step + 1))),
      gradientRate: Float(rate * (1 - mu(step)) / (1 - product(upTo: step))),
      rootScale: Float(1 / (1 - pow(Double(betas.1), Double(step))).squareRoot()), epsilon: epsilon)
    Kernels.current.momentStep(segments, arguments, moments, Kernels.schedule)
  }
}
