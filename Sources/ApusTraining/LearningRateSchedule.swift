// The learning rate as a function of the step. Read next: Optimizer.swift.

import ApusTensor
import Foundation

/// A learning rate for every step, counted from 0.
public protocol LearningRateSchedule: Sendable {
  /// The rate of a step, counted from 0.
  func learningRate(at step: Int) -> Float
}

/// The same rate at every step.
public struct ConstantSchedule: LearningRateSchedule {
  /// The rate.
  public let rate: Float
  public init(_ rate: Float) { self.rate = rate }
  public func learningRate(at step: Int) -> Float { rate }
}

/// A straight line from 0 up to the peak, then half a cosine down to the floor (Loshchilov, Hutter, arXiv:1608.03983).
///
/// At step s < warmup: peak · (s + 1)/warmup. After it: floor + ½(peak − floor)(1 + cos(π · (s − warmup)/(total − warmup))),
/// and the floor from step `total` on. Without a warm-up these are PyTorch's `CosineAnnealingLR` values.
public struct WarmupCosineSchedule: LearningRateSchedule {
  /// The highest rate, after the warm-up.
  public let peak: Float
  /// The lowest rate, at the end.
  public let floor: Float
  /// Steps of the warm-up.
  public let warmup: Int
  /// Steps until the floor.
  public let total: Int

  /// - Precondition: 0 ≤ warmup ≤ total.
  public init(peak: Float, floor: Float = 0, warmup: Int = 0, total: Int) {
    require(warmup >= 0 && warmup <= total, "WarmupCosineSchedule: \(warmup) of \(total) steps")
    (self.peak, self.floor, self.warmup, self.total) = (peak, floor, warmup, total)
  }

  public func learningRate(at step: Int) -> Float {
    if step < warmup { return Float(Double(peak) * Double(step + 1) / Double(warmup)) }
    if step >= total { return floor }
    let progress = Double(step - warmup) / Double(max(1, total - warmup))
    return Float(Double(floor) + 0.5 * Double(peak - floor) * (1 + cos(Double.pi * progress)))
  }
}
