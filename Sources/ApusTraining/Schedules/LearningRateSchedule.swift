// The learning rate as a function of the step. Read next: DecaySchedules.swift, CosineSchedules.swift, WarmupSchedule.swift,
// OneCycleSchedule.swift, PlateauSchedule.swift; TrainingRun.swift, which follows one.

/// A learning rate for every step, counted from 0.
///
/// A schedule is a function of the step, not something that is stepped: it can be asked for any step in any order, and a run
/// that is continued needs nothing but its number. (`PlateauSchedule` depends on what was measured, too.)
public protocol LearningRateSchedule: Sendable {
  /// The rate of a step, counted from 0.
  func learningRate(at step: Int) -> Double

  /// The momentum of a step, for schedules that change it; nil: as it is.
  func momentum(at step: Int) -> Double?

  /// Takes note of a loss that was measured on data that is not trained on; most schedules don't care.
  mutating func note(validationLoss: Double)
}

extension LearningRateSchedule {
  /// nil: the momentum stays as it is.
  public func momentum(at step: Int) -> Double? { nil }

  /// Does nothing.
  public mutating func note(validationLoss: Double) {}
}

/// The same rate at every step.
public struct ConstantSchedule: LearningRateSchedule {
  /// The rate.
  public let rate: Double
  public init(_ rate: Double) { self.rate = rate }
  public func learningRate(at step: Int) -> Double { rate }
}
