// A learning rate that falls when nothing gets better any more. Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor

/// The rate times a factor whenever a loss has not improved for a while (PyTorch's `ReduceLROnPlateau`).
///
/// It is a value: what it has been told decides its rate. A training run tells it every validation loss, and tells it all of
/// them again, from the log, when it is continued.
public struct PlateauSchedule: LearningRateSchedule {
  /// Which values are better.
  public enum Goal: Sendable {
    /// Small ones: a loss.
    case minimum
    /// Large ones: an accuracy.
    case maximum
  }

  /// How much better a value must be to count.
  public enum Threshold: Sendable {
    /// By a share of the best one.
    case relative(Double)
    /// By an amount.
    case absolute(Double)
  }

  /// The rate now.
  public private(set) var rate: Double
  /// The best value so far.
  public private(set) var best: Double
  private let goal: Goal
  private let threshold: Threshold
  private let factor: Double
  private let patience: Int
  private let cooldown: Int
  private let minimum: Double
  private let smallestChange: Double
  /// Values since the last better one.
  private var waited = 0
  /// Values that will not be counted.
  private var coolingDown = 0

  /// - Parameters:
  ///   - factor: multiplies the rate, 0 < factor < 1.
  ///   - patience: how many values in a row may be no better.
  ///   - threshold: how much better a value must be to count.
  ///   - cooldown: how many values after a change are not counted.
  ///   - minimum: the lowest rate.
  ///   - smallestChange: a rate that would change by no more than this stays.
  /// - Precondition: 0 < factor < 1.
  public init(
    _ initial: Double, goal: Goal = .minimum, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimum: Double = 0, smallestChange: Double = 1e-8
  ) {
    require(factor > 0 && factor < 1, "PlateauSchedule: a factor of \(factor) (expected one between 0 and 1)")
    rate = initial
    best = goal == .minimum ? .infinity : -.infinity
    (self.goal, self.threshold, self.factor, self.patience) = (goal, threshold, factor, patience)
    (self.cooldown, self.minimum, self.smallestChange) = (cooldown, minimum, smallestChange)
  }

  public func learningRate(at step: Int) -> Double { rate }

  /// Takes note of a loss, or of an accuracy if that is the goal.
  public mutating func note(validationLoss value: Double) {
    waited += 1
    if isBetter(value) { (best, waited) = (value, 0) }
    if coolingDown > 0 {
      coolingDown -= 1
      waited = 0
    }
    guard waited > patience else { return }
    let lower = max(rate * factor, minimum)
    // A change that is too small is none, but it is followed by a pause all the same.
    if rate - lower > smallestChange { rate = lower }
    (coolingDown, waited) = (cooldown, 0)
  }

  private func isBetter(_ value: Double) -> Bool {
    switch (goal, threshold) {
    case (.minimum, .relative(let share)): value < best * (1 - share)
    case (.minimum, .absolute(let amount)): value < best - amount
    case (.maximum, .relative(let share)): value > best * (1 + share)
    case (.maximum, .absolute(let amount)): value > best + amount
    }
  }
}
