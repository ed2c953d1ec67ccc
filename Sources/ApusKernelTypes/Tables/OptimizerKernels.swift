// The optimizers' kernels, and what they take: parameters with their states, and the numbers of each rule.
// Read next: ApusKernelsBaseline/Optimizers/Moments.swift, RootMeanSquare.swift, the rules.

/// One fused pass over all parameters for each family of rules.
package struct OptimizerKernels: Sendable {
  package typealias Segments = UnsafeBufferPointer<OptimizerSegment>

  package var descend: @Sendable (Segments, StepArguments, DescentArguments, Schedule) -> Void
  package var moments: @Sendable (Segments, StepArguments, MomentArguments, Schedule) -> Void
  package var largestMoment: @Sendable (Segments, StepArguments, LargestMomentArguments, Schedule) -> Void
  package var rootMeanSquare: @Sendable (Segments, StepArguments, RootMeanSquareArguments, Schedule) -> Void
  package var adaptiveDelta: @Sendable (Segments, StepArguments, AdaptiveDeltaArguments, Schedule) -> Void

  package init(
    descend: @escaping @Sendable (Segments, StepArguments, DescentArguments, Schedule) -> Void,
    moments: @escaping @Sendable (Segments, StepArguments, MomentArguments, Schedule) -> Void,
    largestMoment: @escaping @Sendable (Segments, StepArguments, LargestMomentArguments, Schedule) -> Void,
    rootMeanSquare: @escaping @Sendable (Segments, StepArguments, RootMeanSquareArguments, Schedule) -> Void,
    adaptiveDelta: @escaping @Sendable (Segments, StepArguments, AdaptiveDeltaArguments, Schedule) -> Void
  ) {
    (self.descend, self.moments, self.largestMoment) = (descend, moments, largestMoment)
    (self.rootMeanSquare, self.adaptiveDelta) = (rootMeanSquare, adaptiveDelta)
  }
}

/// A parameter, its gradient, and up to three arrays beside it, all of `count` elements.
package struct OptimizerSegment {
  package typealias State = UnsafeMutablePointer<Float>

  package var parameter: UnsafeMutablePointer<Float>
  package var gradient: UnsafePointer<Float>
  /// What the rule remembers, in the order that its comment says; nil: not used.
  package var state: (State?, State?, State?)
  package var count: Int

  package init(
    parameter: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    state: (State?, State?, State?) = (nil, nil, nil), count: Int
  ) {
    (self.parameter, self.gradient, self.state, self.count) = (parameter, gradient, state, count)
  }
}

/// What happens before every rule: the gradient is scaled, and weight decay joins it or shrinks the parameter.
package struct StepArguments: Sendable {
  package var gradientScale: Float
  /// λ: g ← g + λp, or if it is decoupled p ← p · (1 − ηλ).
  package var weightDecay: Float
  package var isDecoupled: Bool
  /// η, which decoupled decay is in proportion to.
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
  /// Nesterov's factor; nil: the step goes along v.
  package var lookAhead: Float?

  package init(rate: Float, keep: Float = 0, take: Float = 1, lookAhead: Float? = nil) {
    (self.rate, self.keep, self.take, self.lookAhead) = (rate, keep, take, lookAhead)
  }
}

/// Adam and its relatives: with m ← β₁m + (1−β₁)g and v ← β₂v + (1−β₂)g²,
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
