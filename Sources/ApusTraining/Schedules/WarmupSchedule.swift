// A linear warm-up before any other schedule.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor

/// A linear warm-up to the first learning rate of another schedule, followed by that schedule.
///
/// ```swift
/// let schedule = LinearSchedule(from: 1e-3, to: 0, steps: 900).afterWarmup(100)
/// ```
public struct WarmupSchedule<Base: LearningRateSchedule>: LearningRateSchedule {
  /// The schedule after the warm-up.
  public private(set) var base: Base
  /// The number of warm-up steps.
  public let steps: Int
  /// Whether the first step has learning rate 0, as in Hugging Face's Transformers.
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
  /// This schedule, preceded by a linear warm-up to its first learning rate. Its step 0 becomes step `steps`.
  ///
  /// - Parameters:
  ///   - steps: the number of warm-up steps. Warm-up step s has the first learning rate times (s + 1)/steps.
  ///   - startsAtZero: whether the factor is s/steps instead, as in Hugging Face's Transformers. The first step then
  ///     changes nothing.
  public func afterWarmup(_ steps: Int, startsAtZero: Bool = false) -> WarmupSchedule<Self> {
    WarmupSchedule(self, steps: steps, startsAtZero: startsAtZero)
  }
}
