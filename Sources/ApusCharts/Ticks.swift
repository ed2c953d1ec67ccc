// Chooses round numbers for the ticks of an axis.
// Read next: LineChart.swift.

import Foundation

/// Evenly spaced ticks for a range of values, with a step of 1, 2 or 5 times a power of ten.
struct Ticks: Equatable {
  /// The distance between two ticks.
  let step: Double
  /// The range of values, widened if they were all equal.
  let range: ClosedRange<Double>

  /// - Parameters:
  ///   - lower: The smallest value; must be finite.
  ///   - upper: The largest value; must be finite.
  ///   - count: The approximate number of ticks.
  init(from lower: Double, to upper: Double, about count: Int) {
    var (lower, upper) = (min(lower, upper), max(lower, upper))
    let magnitude = max(abs(lower), abs(upper))
    // Widens the range if the values are so close that the ticks would not be distinct numbers.
    if upper - lower <= magnitude * 1e-9 {
      let margin = magnitude > 0 ? magnitude * 0.1 : 1
      (lower, upper) = (lower - margin, upper + margin)
    }
    let rough = (upper - lower) / Double(max(1, count))
    let power = pow(10, floor(log10(rough)))
    let factor = rough / power
    step = power * (factor < 1.5 ? 1 : factor < 2.8 ? 2 : factor < 7 ? 5 : 10)
    range = lower...upper
  }

  /// The ticks inside the range.
  var values: [Double] { multiples(from: (range.lowerBound / step - 1e-6).rounded(.up), to: range.upperBound) }

  /// The range, widened to multiples of the step.
  var widened: ClosedRange<Double> {
    let (first, last) = ((range.lowerBound / step).rounded(.down), (range.upperBound / step).rounded(.up))
    return first * step...last * step
  }

  /// The ticks of the widened range, including both ends.
  var widenedValues: [Double] { multiples(from: (range.lowerBound / step).rounded(.down), to: widened.upperBound) }

  /// The ticks from a multiple of the step on. They are multiplied rather than summed, because accumulated rounding
  /// errors would be visible in the labels.
  private func multiples(from first: Double, to upper: Double) -> [Double] {
    let count = Int(((upper - first * step) / step + 1e-6).rounded(.down)) + 1
    return (0..<max(0, count)).map { (first + Double($0)) * step }
  }

  /// The label of a tick, with as many decimals as the step needs: "0.05", "1.50", "2,000". Very small steps and very
  /// large values use scientific notation, as in "2e-5".
  func label(_ value: Double) -> String {
    let digits = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
    if digits > 4 || range.upperBound >= 1e9 || range.lowerBound <= -1e9 {
      let text = String(format: "%.4g", abs(value) < step / 2 ? 0 : value)
      return text.replacingOccurrences(of: "e-0", with: "e-").replacingOccurrences(of: "e+", with: "e")
    }
    if digits == 0 { return Format.count(Int(value.rounded())) }
    return Format.fixed(abs(value) < step / 2 ? 0 : value, digits)
  }
}
