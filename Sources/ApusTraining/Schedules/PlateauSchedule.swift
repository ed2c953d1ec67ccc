// A learning rate that falls when the validation loss stops improving.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor

/// Reduces the learning rate by a factor when the validation loss stops improving (PyTorch's `ReduceLROnPlateau`).
///
/// The learning rate depends only on the sequence of losses passed to `note(validationLoss:)`. A training run passes
/// every validation loss, and passes all earlier ones from its log again when it is resumed.
public struct PlateauSchedule: LearningRateSchedule {
  /// Whether small or large values are better.
  public enum Goal: Sendable {
    /// Small values are better, as for a loss.
    case minimum
    /// Large values are better, as for an accuracy.
    case maximum
  }

  /// The minimum improvement that counts.
  public enum Threshold: Sendable {
    /// A fraction of the best value.
    case relative(Double)
    /// An absolute difference.
    case absolute(Double)
  }

  /// The current learning rate.
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
  /// The number of values since the last improvement.
  private var waited = 0
  /// The number of values still to be ignored after a change.
  private var coolingDown = 0

  /// Makes a plateau schedule.
  ///
  /// - Parameters:
  ///   - initial: the initial learning rate.
  ///   - goal: whether small or large values are better.
  ///   - factor: the factor by which the learning rate is multiplied.
  ///   - patience: the number of consecutive values without improvement that are tolerated.
  ///   - threshold: the minimum improvement that counts.
  ///   - cooldown: the number of values that are ignored after a change.
  ///   - minimum: the lowest learning rate.
  ///   - smallestChange: a change of the learning rate by no more than this amount is not made.
  /// - Precondition: 0 < factor < 1.
  public init(
    _ initial: Double, goal: Goal = .minimum, factor: Double = 0.1, patience: Int = 10,
    threshold: Threshold = .relative(1e-4), cooldown: Int = 0, minimum: Double = 0, smallestChange: Double = 1e-8
  ) {
    require(factor > 0 && factor < 1, "PlateauSchedule: a factor of \(factor) (expected a factor between 0 and 1)")
    rate = initial
    best = goal == .minimum ? .infinity : -.infinity
    (self.goal, self.threshold, self.factor, self.patience) = (goal, threshold, factor, patience)
    (self.cooldown, self.minimum, self.smallestChange) = (cooldown, minimum, smallestChange)
  }

  public func learningRate(at step: Int) -> Double { rate }

  /// Records a validation loss, or another value such as an accuracy if the goal is `maximum`.
  public mutating func note(validationLoss value: Double) {
    waited += 1
    if isBetter(value) { (best, waited) = (value, 0) }
    if coolingDown > 0 {
      coolingDown -= 1
      waited = 0
    }
    guard waited > patience else { return }
    let lower = max(rate * factor, minimum)
    // A change that is too small is not made, but starts the cooldown all the same.
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
