// The one-cycle schedule: the learning rate rises and falls once, and the momentum falls and rises.
// Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// The one-cycle schedule (Smith, Topin, arXiv:1708.07120; PyTorch's `OneCycleLR`).
///
/// The learning rate rises from peak/divisor to the peak, then falls to peak/divisor/finalDivisor. The momentum moves
/// in the opposite direction between its two limits. With three phases, as in the paper, the learning rate first falls
/// back to peak/divisor in as many steps as it rose, and then to its final value.
public struct OneCycleSchedule: LearningRateSchedule {
  /// The interpolation between the first and the last value of a phase.
  public enum Shape: Sendable {
    /// Half a cosine wave.
    case cosine
    /// Linear interpolation.
    case linear
  }

  /// The highest learning rate.
  public let peak: Double
  /// The number of steps of the whole cycle.
  public let steps: Int
  /// The lowest and the highest momentum; nil to leave the momentum unchanged.
  public let momenta: ClosedRange<Double>?
  private let shape: Shape
  /// The starting point of the cycle and the end of each phase, with the learning rate and whether the momentum is low
  /// there.
  private let corners: [(step: Double, rate: Double, isMomentumLow: Bool)]

  /// Makes a one-cycle schedule.
  ///
  /// - Parameters:
  ///   - peak: the highest learning rate.
  ///   - steps: the number of steps of the whole cycle.
  ///   - rise: the fraction of the steps until the peak.
  ///   - shape: the interpolation within a phase.
  ///   - divisor: the ratio of the peak to the first learning rate.
  ///   - finalDivisor: the ratio of the first to the last learning rate.
  ///   - momenta: the lowest and the highest momentum; nil to leave the momentum unchanged.
  ///   - hasThreePhases: whether the learning rate falls in two phases.
  /// - Precondition: steps > 0 and 0 < rise < 1; with three phases, rise < ½.
  public init(
    peak: Double, steps: Int, rise: Double = 0.3, shape: Shape = .cosine, divisor: Double = 25,
    finalDivisor: Double = 1e4, momenta: ClosedRange<Double>? = 0.85...0.95, hasThreePhases: Bool = false
  ) {
    require(
      steps > 0 && rise > 0 && rise < (hasThreePhases ? 0.5 : 1),
      "OneCycleSchedule: a rise of \(rise) of \(steps) steps in \(hasThreePhases ? "three" : "two") phases")
    (self.peak, self.steps, self.shape, self.momenta) = (peak, steps, shape, momenta)
    let (first, top) = (peak / divisor, rise * Double(steps) - 1)
    var corners = [(step: 0.0, rate: first, isMomentumLow: false), (step: top, rate: peak, isMomentumLow: true)]
    if hasThreePhases { corners.append((2 * top, first, false)) }
    corners.append((Double(steps - 1), first / finalDivisor, false))
    self.corners = corners
  }

  private func value(at step: Int, _ value: ((step: Double, rate: Double, isMomentumLow: Bool)) -> Double) -> Double {
    let position = Double(min(step, steps - 1))
    // The first phase that contains the step, including both ends.
    let end = corners.dropFirst().firstIndex { position <= $0.step } ?? corners.count - 1
    let (from, to) = (corners[end - 1], corners[end])
    let progress = to.step > from.step ? (position - from.step) / (to.step - from.step) : 1
    let (a, b) = (value(from), value(to))
    switch shape {
    case .cosine: return b + (a - b) * (1 + cos(Double.pi * progress)) / 2
    case .linear: return a + (b - a) * progress
    }
  }

  public func learningRate(at step: Int) -> Double { value(at: step) { $0.rate } }

  public func momentum(at step: Int) -> Double? {
    momenta.map { range in value(at: step) { $0.isMomentumLow ? range.lowerBound : range.upperBound } }
  }
}
