// Cosine schedules: periodic, with warm restarts, and with a linear warm-up.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// Cosine decay from the peak at progress 0 to the floor at progress 1.
private func cosine(from peak: Double, to floor: Double, progress: Double) -> Double {
  floor + (peak - floor) * (1 + cos(Double.pi * progress)) / 2
}

/// Cosine annealing, which falls and rises periodically (PyTorch's `CosineAnnealingLR`; Loshchilov, Hutter,
/// arXiv:1608.03983): floor + ½(peak − floor)(1 + cos(πs/steps)).
public struct CosineSchedule: LearningRateSchedule {
  /// The highest learning rate, at step 0.
  public let peak: Double
  /// The lowest learning rate, at step `steps`.
  public let floor: Double
  /// The number of steps from the peak to the floor.
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

/// Cosine annealing with warm restarts: after each decay, the next cycle starts at the peak again, and can be longer
/// (Loshchilov, Hutter, arXiv:1608.03983; PyTorch's `CosineAnnealingWarmRestarts`).
public struct CosineRestartsSchedule: LearningRateSchedule {
  /// The learning rate at the start of each cycle.
  public let peak: Double
  /// The learning rate that each cycle approaches at its end.
  public let floor: Double
  /// The number of steps of the first cycle.
  public let firstCycle: Int
  /// The factor by which each cycle is longer than the previous one.
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

/// Linear warm-up to the peak, then cosine decay to the floor, which is kept.
///
/// - Step s < warmup: peak · (s + 1)/warmup, so that the first step does not have learning rate 0.
/// - Later: floor + ½(peak − floor)(1 + cos(π · (s − warmup)/(total − warmup))).
/// - From step `total` on: floor.
public struct WarmupCosineSchedule: LearningRateSchedule {
  /// The highest learning rate, reached at the end of the warm-up.
  public let peak: Double
  /// The learning rate at the end.
  public let floor: Double
  /// The number of warm-up steps.
  public let warmup: Int
  /// The number of steps until the floor, including the warm-up.
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
