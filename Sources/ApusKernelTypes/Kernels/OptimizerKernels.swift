// The optimizers' rules. Read next: ../Arguments/OptimizerArguments.swift, their formulas;
// ApusKernelsBaseline/Optimizers/OptimizerLoop.swift, the loop that all of them share.

/// One step of a rule, in one pass over all parameters.
package protocol OptimizerKernels {
  /// Gradient descent. State: the velocity, or nothing where there is no momentum.
  static func gradientDescentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ rule: DescentArguments,
    _ schedule: Schedule)

  /// Adam, AdamW, AMSGrad, NAdam and RAdam: one rule with different coefficients.
  ///
  /// State: the mean of the gradient, the mean of its square, and for AMSGrad the largest mean square so far.
  static func momentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ rule: MomentArguments,
    _ schedule: Schedule)

  /// Adamax. State: the mean of the gradient, and the decaying maximum of its magnitude.
  static func largestMomentStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ rule: LargestMomentArguments,
    _ schedule: Schedule)

  /// RMSprop, and Adagrad, whose mean square forgets nothing.
  ///
  /// State: the mean square; the mean, if the variance replaces the mean square; the velocity, if there is momentum.
  static func rootMeanSquareStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ rule: RootMeanSquareArguments,
    _ schedule: Schedule)

  /// Adadelta. State: the mean square of the gradient, and that of the steps.
  static func adaptiveDeltaStep(
    _ segments: OptimizerSegments, _ step: StepArguments, _ rule: AdaptiveDeltaArguments,
    _ schedule: Schedule)
}
