// Decaying learning rates: step, multi-step, exponential, linear, polynomial and inverse square root.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// Step decay, which multiplies the learning rate by γ at regular intervals (PyTorch's `StepLR`): η · γ^⌊s / interval⌋.
public struct StepSchedule: LearningRateSchedule {
  /// η: the learning rate of the first step.
  public let initial: Double
  /// The number of steps between changes.
  public let interval: Int
  /// γ: the factor of each change.
  public let factor: Double

  /// - Precondition: interval > 0.
  public init(_ initial: Double, every interval: Int, factor: Double = 0.1) {
    require(interval > 0, "StepSchedule: an interval of \(interval) steps")
    (self.initial, self.interval, self.factor) = (initial, interval, factor)
  }

  public func learningRate(at step: Int) -> Double { initial * pow(factor, Double(step / interval)) }
}

/// Step decay, which multiplies the learning rate by γ at each milestone (PyTorch's `MultiStepLR`). A milestone listed
/// twice counts twice.
public struct MultiStepSchedule: LearningRateSchedule {
  /// η: the learning rate of the first step.
  public let initial: Double
  /// The steps at which the learning rate is multiplied by γ.
  public let milestones: [Int]
  /// γ: the factor of each change.
  public let factor: Double

  public init(_ initial: Double, milestones: [Int], factor: Double = 0.1) {
    (self.initial, self.milestones, self.factor) = (initial, milestones, factor)
  }

  public func learningRate(at step: Int) -> Double {
    initial * pow(factor, Double(milestones.count { $0 <= step }))
  }
}

/// Exponential decay, which multiplies the learning rate by γ at every step (PyTorch's `ExponentialLR`): η · γˢ.
public struct ExponentialSchedule: LearningRateSchedule {
  /// η: the learning rate of the first step.
  public let initial: Double
  /// γ: the factor of each change.
  public let factor: Double

  public init(_ initial: Double, factor: Double) { (self.initial, self.factor) = (initial, factor) }

  public func learningRate(at step: Int) -> Double { initial * pow(factor, Double(step)) }
}

/// A linear change from one learning rate to another, which is then kept (PyTorch's `LinearLR`; with `afterWarmup`, the
/// linear schedule of Hugging Face's Transformers).
public struct LinearSchedule: LearningRateSchedule {
  /// The learning rate of the first step.
  public let start: Double
  /// The learning rate from step `steps` on.
  public let end: Double
  /// The number of steps between the two.
  public let steps: Int

  /// - Precondition: steps > 0.
  public init(from start: Double, to end: Double = 0, steps: Int) {
    require(steps > 0, "LinearSchedule: \(steps) steps")
    (self.start, self.end, self.steps) = (start, end, steps)
  }

  public func learningRate(at step: Int) -> Double {
    step >= steps ? end : start + (end - start) * Double(step) / Double(steps)
  }
}

/// Polynomial decay to 0 (PyTorch's `PolynomialLR`): η · (1 − s/steps)^power, and 0 after that.
public struct PolynomialSchedule: LearningRateSchedule {
  /// η: the learning rate of the first step.
  public let initial: Double
  /// The number of steps until 0.
  public let steps: Int
  /// The exponent; 1 for linear decay.
  public let power: Double

  /// - Precondition: steps > 0.
  public init(_ initial: Double, steps: Int, power: Double = 1) {
    require(steps > 0, "PolynomialSchedule: \(steps) steps")
    (self.initial, self.steps, self.power) = (initial, steps, power)
  }

  public func learningRate(at step: Int) -> Double {
    initial * pow(1 - Double(min(step, steps)) / Double(steps), power)
  }
}

/// The schedule of the original Transformer, also called the Noam schedule (Vaswani et al., arXiv:1706.03762, section
/// 5.3): η · C^(−½) · min(n^(−½), n · warmup^(−³⁄₂)) at step n = s + 1.
public struct InverseSquareRootSchedule: LearningRateSchedule {
  /// η: a factor, 1 in the paper.
  public let factor: Double
  /// C: the model's hidden size.
  public let width: Int
  /// The number of steps until the peak.
  public let warmup: Int

  /// - Precondition: width > 0 and warmup > 0.
  public init(factor: Double = 1, width: Int, warmup: Int) {
    require(width > 0 && warmup > 0, "InverseSquareRootSchedule: a width of \(width), a warm-up of \(warmup) steps")
    (self.factor, self.width, self.warmup) = (factor, width, warmup)
  }

  public func learningRate(at step: Int) -> Double {
    let n = Double(step + 1)
    return factor * pow(Double(width), -0.5) * min(pow(n, -0.5), n * pow(Double(warmup), -1.5))
  }
}
