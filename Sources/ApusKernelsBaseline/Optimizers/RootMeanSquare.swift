// Rules that divide by the root of a mean square of gradients: RMSprop, Adagrad, Adadelta.
// Read first: OptimizerLoop.swift. Read next: ApusTraining/Optimizers/RMSprop.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// RMSprop, and Adagrad, whose mean square forgets nothing. State: the mean square; the mean, if the variance replaces the
  /// mean square; the velocity, if there is momentum.
  package static func rootMeanSquareStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ p: RootMeanSquareArguments,
    _ schedule: Schedule
  ) {
    forEachPart(of: segments, schedule) { segment, range in
      @inline(__always) func rule(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
        state.0 = multiplyAdd(state.0, p.keep, g * g * p.take)
        state.1 = multiplyAdd(state.1, p.keep, g * p.take)
        // Rounding may make the variance of a constant gradient negative.
        let variance = segment.state.1 == nil ? state.0 : maximum(state.0 - state.1 * state.1, .zero)
        let direction = g / (squareRoot(variance) + p.epsilon)
        state.2 = multiplyAdd(state.2, p.momentum, direction)
        return w - (segment.state.2 == nil ? direction : state.2) * p.rate
      }
      update(segment, range, step, rule)
    }
  }

  /// Adadelta. State: the mean square of the gradient, and that of the steps.
  package static func adaptiveDeltaStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ p: AdaptiveDeltaArguments,
    _ schedule: Schedule
  ) {
    forEachPart(of: segments, schedule) { segment, range in
      @inline(__always) func rule(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
        state.0 = multiplyAdd(state.0, p.rho, g * g * (1 - p.rho))
        let delta = squareRoot(state.1 + p.epsilon) / squareRoot(state.0 + p.epsilon) * g
        state.1 = multiplyAdd(state.1, p.rho, delta * delta * (1 - p.rho))
        return w - delta * p.rate
      }
      update(segment, range, step, rule)
    }
  }
}
