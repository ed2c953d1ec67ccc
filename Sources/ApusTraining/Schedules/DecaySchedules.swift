// Rates that fall: in steps, exponentially, along a line or a power, with the inverse square root of the step.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// The rate times γ every so many steps (PyTorch's `StepLR`): η · γ^⌊s / interval⌋.
public struct StepSchedule: LearningRateSchedule {
  /// The rate of the first step.
  public let initial: Double
  /// Steps between changes.
  public let interval: Int
  /// γ
  public let factor: Double

  /// - Precondition: interval > 0.
  public init(_ initial: Double, every interval: Int, factor: Double = 0.1) {
    require(interval > 0, "StepSchedule: an interval of \(interval) steps")
    (self.initial, self.interval, self.factor) = (initial, interval, factor)
  }

  public func learningRate(at step: Int) -> Double { initial * pow(factor, Double(step / interval)) }
}

/// The rate times γ at each milestone (PyTorch's `MultiStepLR`); a milestone that is there twice counts twice.
public struct MultiStepSchedule: LearningRateSchedule {
  /// The rate of the first step.
  public let initial: Double
  /// The first steps with a lower rate.
  public let milestones: [Int]
  /// γ
  public let factor: Double

  public init(_ initial: Double, milestones: [Int], factor: Double = 0.1) {
    (self.initial, self.milestones, self.factor) = (initial, milestones, factor)
  }

  public func learningRate(at step: Int) -> Double {
    initial * pow(factor, Double(milestones.count { $0 <= step }))
  }
}

/// The rate times γ at every step (PyTorch's `ExponentialLR`): η · γˢ.
public struct ExponentialSchedule: LearningRateSchedule {
  /// The rate of the first step.
  public let initial: Double
  /// γ
  public let factor: Double

  public init(_ initial: Double, factor: Double) { (self.initial, self.factor) = (initial, factor) }

  public func learningRate(at step: Int) -> Double { initial * pow(factor, Double(step)) }
}

/// A straight line from one rate to another, which stays (PyTorch's `LinearLR`; with `afterWarmup`, the Transformers library's
/// linear schedule).
public struct LinearSchedule: LearningRateSchedule {
  /// The rate of the first step.
  public let start: Double
  /// The rate from step `steps` on.
  public let end: Double
  /// Steps from the one to the other.
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

/// A power of the steps that are left (PyTorch's `PolynomialLR`): η · (1 − s/steps)^power, then 0.
public struct PolynomialSchedule: LearningRateSchedule {
  /// The rate of the first step.
  public let initial: Double
  /// Steps until 0.
  public let steps: Int
  /// 1: a straight line.
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

/// The schedule of the original Transformer (Vaswani et al., arXiv:1706.03762, section 5.3), called Noam's:
/// η · C^(−½) · min(n^(−½), n · warmup^(−³⁄₂)) at step n = s + 1.
public struct InverseSquareRootSchedule: LearningRateSchedule {
  /// η, 1 in the paper.
  public let factor: Double
  /// C: the model's width.
  public let width: Int
  /// Steps until the highest rate.
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
