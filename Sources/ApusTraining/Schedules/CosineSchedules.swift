// Rates that fall along half a cosine: again and again, with restarts, or once after a warm-up.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// From the peak at progress 0 to the floor at progress 1, along half a cosine.
private func cosine(from peak: Double, to floor: Double, progress: Double) -> Double {
  floor + (peak - floor) * (1 + cos(Double.pi * progress)) / 2
}

/// Half a cosine down and up again, for ever (PyTorch's `CosineAnnealingLR`; Loshchilov, Hutter, arXiv:1608.03983):
/// floor + ½(peak − floor)(1 + cos(πs/steps)).
public struct CosineSchedule: LearningRateSchedule {
  /// The highest rate, at step 0.
  public let peak: Double
  /// The lowest rate, at step `steps`.
  public let floor: Double
  /// Steps from the one to the other.
  public let steps: Int

  /// - Precondition: steps > 0.
  public init(_ peak: Double, floor: Double = 0, steps: Int) {
    require(steps > 0, "CosineSchedule: \(steps) steps")
    (self.peak, self.floor, self.steps) = (peak, floor, steps)
  }

  public func learningRate(at step: Int) -> Double {
    cosine(from: peak, to: floor, progress: Double(step) / Double(steps))
  }
}

/// Half a cosine down, then a restart from the peak with a longer one (Loshchilov, Hutter, arXiv:1608.03983; PyTorch's
/// `CosineAnnealingWarmRestarts`).
public struct CosineRestartsSchedule: LearningRateSchedule {
  /// The highest rate, at the start of each cycle.
  public let peak: Double
  /// What the rate approaches at the end of each cycle.
  public let floor: Double
  /// Steps of the first cycle.
  public let firstCycle: Int
  /// How many times longer each cycle is than the last.
  public let cycleFactor: Int

  /// - Precondition: firstCycle > 0 and cycleFactor > 0.
  public init(_ peak: Double, floor: Double = 0, firstCycle: Int, cycleFactor: Int = 1) {
    require(
      firstCycle > 0 && cycleFactor > 0,
      "CosineRestartsSchedule: a first cycle of \(firstCycle) steps, times \(cycleFactor)")
    (self.peak, self.floor, self.firstCycle, self.cycleFactor) = (peak, floor, firstCycle, cycleFactor)
  }

  public func learningRate(at step: Int) -> Double {
    var (position, length) = (step, firstCycle)
    if cycleFactor == 1 { position %= length }
    while position >= length {
      position -= length
      length *= cycleFactor
    }
    return cosine(from: peak, to: floor, progress: Double(position) / Double(length))
  }
}

/// A straight line from 0 up to the peak, then half a cosine down to the floor, where it stays.
///
/// At step s < warmup: peak · (s + 1)/warmup, so that no step is lost at rate 0. After it: floor + ½(peak − floor)(1 + cos(π ·
/// (s − warmup)/(total − warmup))), and the floor from step `total` on.
public struct WarmupCosineSchedule: LearningRateSchedule {
  /// The highest rate, after the warm-up.
  public let peak: Double
  /// The lowest rate, at the end.
  public let floor: Double
  /// Steps of the warm-up.
  public let warmup: Int
  /// Steps until the floor.
  public let total: Int

  /// - Precondition: 0 ≤ warmup ≤ total.
  public init(peak: Double, floor: Double = 0, warmup: Int = 0, total: Int) {
    require(warmup >= 0 && warmup <= total, "WarmupCosineSchedule: \(warmup) of \(total) steps")
    (self.peak, self.floor, self.warmup, self.total) = (peak, floor, warmup, total)
  }

  public func learningRate(at step: Int) -> Double {
    if step < warmup { return peak * Double(step + 1) / Double(warmup) }
    if step >= total { return floor }
    return cosine(from: peak, to: floor, progress: Double(step - warmup) / Double(total - warmup))
  }
}
