// Rules with a running mean of the gradient: gradient descent with momentum, Adam and its variants, Adamax.
// Read first: OptimizerLoop.swift. Read next: RootMeanSquare.swift; ApusTraining/Optimizers/Adam.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// Gradient descent. State: the velocity, or nothing where there is no momentum.
  package static func gradientDescentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ p: DescentArguments,
    _ schedule: Schedule
  ) {
    forEachPart(of: segments, schedule) { segment, range in
      @inline(__always) func rule(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
        guard segment.state.0 != nil else { return w - g * p.rate }
        state.0 = multiplyAdd(state.0, p.keep, g * p.take)
        let direction = p.lookAhead.map { multiplyAdd(state.0, $0, g) } ?? state.0
        return w - direction * p.rate
      }
      update(segment, range, step, rule)
    }
  }

  /// Adam, AdamW, AMSGrad, NAdam and RAdam: one rule with different coefficients. State: the mean of the gradient, the mean of
  /// its square, and for AMSGrad the largest mean square so far.
  package static func momentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ p: MomentArguments, _ schedule: Schedule
  ) {
    let (keep1, keep2) = (1 - p.beta1, 1 - p.beta2)
    forEachPart(of: segments, schedule) { segment, range in
      @inline(__always) func rule(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
        state.0 = multiplyAdd(state.0, p.beta1, g * keep1)
        state.1 = multiplyAdd(state.1, p.beta2, g * g * keep2)
        state.2 = maximum(state.2, state.1)
        let root = squareRoot(segment.state.2 == nil ? state.1 : state.2)
        return w - multiplyAdd(g, p.gradientRate, state.0 * p.meanRate) / (root * p.rootScale + p.epsilon)
      }
      update(segment, range, step, rule)
    }
  }

  /// Adamax. State: the mean of the gradient, and the decaying maximum of its magnitude.
  package static func largestMomentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ p: LargestMomentArguments,
    _ schedule: Schedule
  ) {
    forEachPart(of: segments, schedule) { segment, range in
      @inline(__always) func rule(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
        state.0 = multiplyAdd(state.0, p.beta1, g * (1 - p.beta1))
        state.1 = maximum(state.1 * p.beta2, magnitude(g) + p.epsilon)
        return w - state.0 * p.rate / state.1
      }
      update(segment, range, step, rule)
    }
  }
}
