// The arguments of the optimizers: parameters with their state, and the coefficients of each rule.
// Read next: ApusKernelsBaseline/Optimizers/Moments.swift, RootMeanSquare.swift, the rules.

/// A parameter with its gradient and up to three arrays of state, all of `count` elements.
package struct OptimizerSegment {
  package typealias State = UnsafeMutablePointer<Float>

  package var parameter: UnsafeMutablePointer<Float>
  package var gradient: UnsafePointer<Float>
  /// The state that the rule keeps, in the order that the comment of its kernel gives; nil: not used.
  package var state: (State?, State?, State?)
  package var count: Int

  package init(
    parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    state: (State?, State?, State?) = (nil, nil, nil), count: Int
  ) {
    (self.parameter, self.gradient, self.state, self.count) = (parameter, gradient, state, count)
  }
}

/// All parameters of one step.
package typealias OptimizerSegments = UnsafeBufferPointer<OptimizerSegment>

/// The part that all rules share: the gradient is scaled, and weight decay is added to it or shrinks the parameter.
package struct StepArguments: Sendable {
  /// The factor of every gradient, for example of gradient clipping.
  package var gradientScale: Float
  /// λ in g ← g + λp, or, if it is decoupled, in p ← p · (1 − ηλ).
  package var weightDecay: Float
  package var isDecoupled: Bool
  /// η, to which decoupled weight decay is proportional.
  package var learningRate: Float

  package init(learningRate: Float, weightDecay: Float = 0, isDecoupled: Bool = false, gradientScale: Float = 1) {
    (self.learningRate, self.weightDecay) = (learningRate, weightDecay)
    (self.isDecoupled, self.gradientScale) = (isDecoupled, gradientScale)
  }
}

/// Gradient descent: v ← keep·v + take·g, then p ← p − rate·v, or p ← p − rate·(g + lookAhead·v).
package struct DescentArguments: Sendable {
  package var rate: Float
  package var keep: Float
  package var take: Float
  /// The factor of Nesterov momentum; nil: the step is along v.
  package var lookAhead: Float?

  package init(rate: Float, keep: Float = 0, take: Float = 1, lookAhead: Float? = nil) {
    (self.rate, self.keep, self.take, self.lookAhead) = (rate, keep, take, lookAhead)
  }
}

/// Adam and its variants: with m ← β₁m + (1−β₁)g and v ← β₂v + (1−β₂)g²,
/// p ← p − (meanRate·m + gradientRate·g) / (rootScale·√v + ε).
package struct MomentArguments: Sendable {
  package var beta1: Float
  package var beta2: Float
  package var meanRate: Float
  package var gradientRate: Float
  package var rootScale: Float
  package var epsilon: Float

  package init(
    beta1: Float, beta2: Float, meanRate: Float, gradientRate: Float = 0, rootScale: Float, epsilon: Float
  ) {
    (self.beta1, self.beta2, self.meanRate) = (beta1, beta2, meanRate)
    (self.gradientRate, self.rootScale, self.epsilon) = (gradientRate, rootScale, epsilon)
  }
}

/// Adamax: with m ← β₁m + (1−β₁)g and u ← max(β₂u, |g| + ε), p ← p − rate·m/u.
package struct LargestMomentArguments: Sendable {
  package var rate: Float
  package var beta1: Float
  package var beta2: Float
  package var epsilon: Float

  package init(rate: Float, beta1: Float, beta2: Float, epsilon: Float) {
    (self.rate, self.beta1, self.beta2, self.epsilon) = (rate, beta1, beta2, epsilon)
  }
}

/// RMSprop and Adagrad: with s ← keep·s + take·g² and a ← keep·a + take·g, d = g / (√(s − a²) + ε);
/// b ← momentum·b + d, p ← p − rate·b.
package struct RootMeanSquareArguments: Sendable {
  package var rate: Float
  package var keep: Float
  package var take: Float
  package var epsilon: Float
  package var momentum: Float

  package init(rate: Float, keep: Float, take: Float, epsilon: Float, momentum: Float = 0) {
    (self.rate, self.keep, self.take) = (rate, keep, take)
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }
}

/// Adadelta: with s ← ρs + (1−ρ)g², d = √(x + ε) / √(s + ε) · g and x ← ρx + (1−ρ)d², p ← p − rate·d.
package struct AdaptiveDeltaArguments: Sendable {
  package var rate: Float
  package var rho: Float
  package var epsilon: Float

  package init(rate: Float, rho: Float, epsilon: Float) {
    (self.rate, self.rho, self.epsilon) = (rate, rho, epsilon)
  }
}
