// Round numbers for an axis.
// Read next: LineChart.swift.

import Foundation

/// Steps of 1, 2 or 5 times a power of ten that cover a range of values.
struct Ticks: Equatable {
  /// The distance between two ticks.
  let step: Double
  /// The range, widened where it was a single value.
  let range: ClosedRange<Double>

  /// - Parameters:
  ///   - lower: The smallest value, finite.
  ///   - upper: The largest value, finite.
  ///   - count: How many ticks are wanted, about.
  init(from lower: Double, to upper: Double, about count: Int) {
    var (lower, upper) = (min(lower, upper), max(lower, upper))
    let magnitude = max(abs(lower), abs(upper))
    // Equal values (or as good as equal: ticks would no longer be distinct) lie in the middle of a range around them.
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

  /// The ticks within the range.
  var values: [Double] { multiples(from: (range.lowerBound / step - 1e-6).rounded(.up), to: range.upperBound) }

  /// The range, widened to whole steps.
  var widened: ClosedRange<Double> {
    let (first, last) = ((range.lowerBound / step).rounded(.down), (range.upperBound / step).rounded(.up))
    return first * step...last * step
  }

  /// The ticks in the widened range.
  var widenedValues: [Double] { multiples(from: (range.lowerBound / step).rounded(.down), to: widened.upperBound) }

  /// Multiples of the step, not sums, whose rounding errors would show in the labels.
  private func multiples(from first: Double, to upper: Double) -> [Double] {
    let count = Int(((upper - first * step) / step + 1e-6).rounded(.down)) + 1
    return (0..<max(0, count)).map { (first + Double($0)) * step }
  }

  /// As many digits as the step needs, and the same for all ticks: "0.05", "1.50", "2,000"; "2e-5" where that is shorter.
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
