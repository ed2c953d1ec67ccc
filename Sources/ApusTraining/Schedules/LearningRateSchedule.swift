// Learning-rate schedules: the learning rate as a function of the step. Read next: DecaySchedules.swift,
// CosineSchedules.swift, WarmupSchedule.swift, OneCycleSchedule.swift, PlateauSchedule.swift; TrainingRun.swift.

/// A learning-rate schedule: the learning rate as a function of the step, counted from 0.
///
/// A schedule has no internal step counter. It can be evaluated at any step in any order, and a resumed run needs only
/// the number of the step. The exception is `PlateauSchedule`, which also depends on the validation losses.
public protocol LearningRateSchedule: Sendable {
  /// The learning rate of a step, counted from 0.
  func learningRate(at step: Int) -> Double

  /// The momentum of a step, or nil if the schedule does not change it.
  func momentum(at step: Int) -> Double?

  /// Notifies the schedule of a validation loss, which most schedules ignore.
  mutating func note(validationLoss: Double)
}

extension LearningRateSchedule {
  /// Returns nil: the schedule does not change the momentum.
  public func momentum(at step: Int) -> Double? { nil }

  /// Does nothing.
  public mutating func note(validationLoss: Double) {}
}

/// A constant learning rate.
public struct ConstantSchedule: LearningRateSchedule {
  /// The learning rate.
  public let rate: Double
  public init(_ rate: Double) { self.rate = rate }
  public func learningRate(at step: Int) -> Double { rate }
}
