// The naive twins of the optimizers' rules, one element at a time.
// Read next: ApusKernelsBaseline/Optimizers/Moments.swift and RootMeanSquare.swift, the kernels.

package import ApusKernelTypes

extension Reference {
  /// A parameter and up to three arrays of state; nil: not used by the rule.
  package struct OptimizerState<T: ReferenceScalar> {
    /// The parameter.
    package var parameter: [T]
    /// The state that the rule keeps, in the kernel's order.
    package var state: [[T]?]

    /// Memberwise.
    package init(parameter: [T], state: [[T]?]) {
      (self.parameter, self.state) = (parameter, state)
    }

    /// p, state ← rule(p, g, state) for every element, after the gradient was scaled and weight decay applied.
    fileprivate mutating func update(
      _ gradient: [T], _ step: StepArguments, _ rule: (_ w: T, _ g: T, _ state: inout [T]) -> T
    ) {
      for i in gradient.indices {
        var w = parameter[i]
        var g = gradient[i] * T(step.gradientScale)
        if step.isDecoupled {
          w *= 1 - T(step.learningRate) * T(step.weightDecay)
        } else {
          g += T(step.weightDecay) * w
        }
        var values = state.map { $0?[i] ?? 0 }
        parameter[i] = rule(w, g, &values)
        for slot in state.indices { state[slot]?[i] = values[slot] }
      }
    }
  }

  /// v ← keep·v + take·g, then p ← p − rate·v, or p − rate·(g + lookAhead·v); without a velocity, p ← p − rate·g.
  @specialized(where T == Double)
  package static func gradientDescentStep<T: ReferenceScalar>(
    _ state: inout OptimizerState<T>, gradient: [T], _ step: StepArguments, _ p: DescentArguments
  ) {
    let hasVelocity = state.state[0] != nil
    state.update(gradient, step) { w, g, state in
      guard hasVelocity else { return w - T(p.rate) * g }
      state[0] = T(p.keep) * state[0] + T(p.take) * g
      let direction = p.lookAhead.map { g + T($0) * state[0] } ?? state[0]
      return w - T(p.rate) * direction
    }
  }

  /// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − (meanRate·m + gradientRate·g) / (rootScale·√v + ε), with the largest v
  /// so far in place of v if it is kept.
  @specialized(where T == Double)
  package static func momentStep<T: ReferenceScalar>(
    _ state: inout OptimizerState<T>, gradient: [T], _ step: StepArguments, _ p: MomentArguments
  ) {
    let keepsLargest = state.state[2] != nil
    state.update(gradient, step) { w, g, state in
      state[0] = T(p.beta1) * state[0] + (1 - T(p.beta1)) * g
      state[1] = T(p.beta2) * state[1] + (1 - T(p.beta2)) * g * g
      state[2] = max(state[2], state[1])
      let root = (keepsLargest ? state[2] : state[1]).squareRoot()
      return w - (T(p.meanRate) * state[0] + T(p.gradientRate) * g) / (T(p.rootScale) * root + T(p.epsilon))
    }
  }

  /// m ← β₁m + (1−β₁)g, u ← max(β₂u, |g| + ε), p ← p − rate·m/u.
  @specialized(where T == Double)
  package static func largestMomentStep<T: ReferenceScalar>(
    _ state: inout OptimizerState<T>, gradient: [T], _ step: StepArguments, _ p: LargestMomentArguments
  ) {
    state.update(gradient, step) { w, g, state in
      state[0] = T(p.beta1) * state[0] + (1 - T(p.beta1)) * g
      state[1] = max(T(p.beta2) * state[1], g.magnitude + T(p.epsilon))
      return w - T(p.rate) * state[0] / state[1]
    }
  }

  /// s ← keep·s + take·g², a ← keep·a + take·g, d = g / (√(s − a²) + ε), b ← momentum·b + d, p ← p − rate·b; without a and
  /// b if they are not kept.
  @specialized(where T == Double)
  package static func rootMeanSquareStep<T: ReferenceScalar>(
    _ state: inout OptimizerState<T>, gradient: [T], _ step: StepArguments, _ p: RootMeanSquareArguments
  ) {
    let (isCentered, hasVelocity) = (state.state[1] != nil, state.state[2] != nil)
    state.update(gradient, step) { w, g, state in
      state[0] = T(p.keep) * state[0] + T(p.take) * g * g
      state[1] = T(p.keep) * state[1] + T(p.take) * g
      let variance = isCentered ? max(state[0] - state[1] * state[1], 0) : state[0]
      let direction = g / (variance.squareRoot() + T(p.epsilon))
      state[2] = T(p.momentum) * state[2] + direction
      return w - T(p.rate) * (hasVelocity ? state[2] : direction)
    }
  }

  /// s ← ρs + (1−ρ)g², d = √(x + ε) / √(s + ε) · g, x ← ρx + (1−ρ)d², p ← p − rate·d.
  @specialized(where T == Double)
  package static func adaptiveDeltaStep<T: ReferenceScalar>(
    _ state: inout OptimizerState<T>, gradient: [T], _ step: StepArguments, _ p: AdaptiveDeltaArguments
  ) {
    state.update(gradient, step) { w, g, state in
      state[0] = T(p.rho) * state[0] + (1 - T(p.rho)) * g * g
      let delta = ((state[1] + T(p.epsilon)) / (state[0] + T(p.epsilon))).squareRoot() * g
      state[1] = T(p.rho) * state[1] + (1 - T(p.rho)) * delta * delta
      return w - T(p.rate) * delta
    }
  }
}
