// One rise and one fall of the learning rate, while the momentum falls and rises. Read first: LearningRateSchedule.swift.

import ApusBase
import ApusTensor
import Foundation

/// One cycle (Smith, Topin, arXiv:1708.07120; PyTorch's `OneCycleLR`): the rate rises from peak/divisor to the peak, then
/// falls to peak/divisor/finalDivisor; the momentum does the opposite between its two ends.
///
/// Three phases, as in the paper, fall first to where the rise began, in as many steps, and then to the end.
public struct OneCycleSchedule: LearningRateSchedule {
  /// How a phase goes from its first value to its last.
  public enum Shape: Sendable {
    /// Along half a cosine.
    case cosine
    /// Along a straight line.
    case linear
  }

  /// The highest rate.
  public let peak: Double
  /// Steps of the whole cycle.
  public let steps: Int
  /// The lowest and the highest momentum; nil: the momentum stays as it is.
  public let momenta: ClosedRange<Double>?
  private let shape: Shape
  /// Where each phase ends, with the rate and whether the momentum is low there; the cycle begins at step 0.
  private let corners: [(step: Double, rate: Double, isMomentumLow: Bool)]

  /// - Parameters:
  ///   - rise: the share of the steps until the peak.
  ///   - divisor: what the first rate is smaller by than the peak.
  ///   - finalDivisor: what the last rate is smaller by than the first.
  /// - Precondition: steps > 0 and 0 < rise < 1, half of that for three phases.
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
    // The first phase that the step is in, both its ends included.
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
