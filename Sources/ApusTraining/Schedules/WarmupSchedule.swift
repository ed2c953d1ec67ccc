// A warm-up before any other schedule. Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor

/// A straight line up to another schedule's first rate, then that schedule.
///
/// ```swift
/// let schedule = LinearSchedule(from: 1e-3, to: 0, steps: 900).afterWarmup(100)
/// ```
public struct WarmupSchedule<Base: LearningRateSchedule>: LearningRateSchedule {
  /// What comes after the warm-up.
  public private(set) var base: Base
  /// Steps of the warm-up.
  public let steps: Int
  /// Whether the first step has rate 0, as in the Transformers library, or already a part of the line.
  public let startsAtZero: Bool

  init(_ base: Base, steps: Int, startsAtZero: Bool) {
    require(steps >= 0, "afterWarmup: \(steps) steps")
    (self.base, self.steps, self.startsAtZero) = (base, steps, startsAtZero)
  }

  public func learningRate(at step: Int) -> Double {
    guard step < steps else { return base.learningRate(at: step - steps) }
    return base.learningRate(at: 0) * Double(startsAtZero ? step : step + 1) / Double(steps)
  }

  public func momentum(at step: Int) -> Double? { base.momentum(at: max(0, step - steps)) }

  public mutating func note(validationLoss: Double) { base.note(validationLoss: validationLoss) }
}

extension LearningRateSchedule {
  /// This schedule after a straight line up to its first rate, its step 0 being step `steps`.
  ///
  /// - Parameters:
  ///   - steps: of the warm-up; step s of it has the share (s + 1)/steps of the first rate.
  ///   - startsAtZero: the share is s/steps instead, as in the Transformers library: the first step changes nothing.
  public func afterWarmup(_ steps: Int, startsAtZero: Bool = false) -> WarmupSchedule<Self> {
    WarmupSchedule(self, steps: steps, startsAtZero: startsAtZero)
  }
}
