// Rotary positions for sequences longer than those of the training: slower rotations, for all pairs of features or for some.
// Read first: RotaryPositions.swift.

import Foundation

/// How the frequencies of rotary positions are changed so that a model can read longer sequences than it was trained on.
///
/// A pair of features that completes many rotations within the training length measures short distances, and is best left
/// unchanged. A pair that completes less than one rotation has never seen larger angles, so it must rotate more slowly. The
/// variants differ in where they draw the line.
public enum RotaryScaling: Sendable, Equatable, Codable {
  /// The frequencies of the training.
  case none
  /// All frequencies divided by `factor`, which interpolates between the positions of the training (Chen et al., arXiv:2306.15595).
  case linear(factor: Float)
  /// A larger base for sequences longer than `originalLength`: the lower a frequency, the more it is lowered.
  case dynamic(factor: Float, originalLength: Int)
  /// The scaling of Llama 3.1 (arXiv:2407.21783): frequencies with wavelengths above originalLength/low are divided by `factor`,
  /// those with wavelengths below originalLength/high are kept, and between them there is a linear transition.
  case llama3(factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float, originalLength: Int)
  /// YaRN: a ramp between pairs that complete `fast` and `slow` rotations within the training length, and larger amplitudes,
  /// which sharpen the attention (Peng et al., arXiv:2309.00071).
  ///
  /// - Parameters:
  ///   - factor: the factor that low frequencies are divided by.
  ///   - originalLength: the training length.
  ///   - fast: pairs with more rotations are kept; 32 in the paper.
  ///   - slow: the frequencies of pairs with fewer rotations are divided by `factor`; 1 in the paper.
  ///   - amplitude: the factor of cosines and sines; nil: 0.1·ln(factor) + 1.
  ///   - roundsRamp: whether the ends of the ramp are rounded outward to whole pairs.
  case yarn(
    factor: Float, originalLength: Int, fast: Float = 32, slow: Float = 1, amplitude: Float? = nil,
    roundsRamp: Bool = true)

  /// The factor of all cosines and sines.
  var amplitude: Float {
    guard case .yarn(let factor, _, _, _, let amplitude, _) = self else { return 1 }
    return amplitude ?? (factor <= 1 ? 1 : Float(0.1 * Foundation.log(Double(factor)) + 1))
  }

  /// Whether the frequencies depend on the length of the sequence.
  var dependsOnLength: Bool { if case .dynamic = self { true } else { false } }

  /// The angle between neighboring positions for each pair of features, [size / 2].
  ///
  /// - Parameter length: the length of the sequence, which only `dynamic` depends on.
  func frequencies(size: Int, base: Float, length: Int) -> [Float] {
    func geometric(_ base: Double) -> [Double] {
      (0..<size / 2).map { Double(1 / Float(pow(base, Double(Float(2 * $0) / Float(size))))) }
    }
    let plain = geometric(Double(base))
    let scaled: [Double]
    switch self {
    case .none:
      scaled = plain
    case .linear(let factor):
      scaled = plain.map { $0 / Double(factor) }
    case .dynamic(let factor, let originalLength):
      guard length > originalLength, size > 2 else { return plain.map { Float($0) } }
      let stretch = Double(factor) * Double(length) / Double(originalLength) - (Double(factor) - 1)
      scaled = geometric(Double(base) * pow(stretch, Double(size) / Double(size - 2)))
    case .llama3(let factor, let low, let high, let originalLength):
      scaled = plain.map { frequency in
        let turns = Double(originalLength) * frequency / (2 * .pi)
        let share = min(1, max(0, (turns - Double(low)) / (Double(high) - Double(low))))
        return (1 - share) * frequency / Double(factor) + share * frequency
      }
    case .yarn(let factor, let originalLength, let fast, let slow, _, let roundsRamp):
      /// The (fractional) pair that completes so many rotations within the original length.
      func pair(turning turns: Float) -> Double {
        Double(size) * Foundation.log(Double(originalLength) / (Double(turns) * 2 * .pi))
          / (2 * Foundation.log(Double(base)))
      }
      var (first, last) = (pair(turning: fast), pair(turning: slow))
      if roundsRamp { (first, last) = (first.rounded(.down), last.rounded(.up)) }
      (first, last) = (max(first, 0), min(last, Double(size - 1)))
      if first == last { last += 0.001 }
      scaled = plain.enumerated().map { index, frequency in
        let share = min(1, max(0, (Double(index) - first) / (last - first)))
        return (1 - share) * frequency + share * frequency / Double(factor)
      }
    }
    return scaled.map { Float($0) }
  }

  /// Everything that is invalid about the parameters, one sentence each.
  public var problems: [String] {
    func check(_ conditions: (Bool, String)...) -> [String] { conditions.filter { !$0.0 }.map(\.1) }
    switch self {
    case .none: return []
    case .linear(let factor): return check((factor > 0, "factor: expected a positive number, found \(factor)"))
    case .dynamic(let factor, let length):
      return check(
        (factor > 0, "factor: expected a positive number, found \(factor)"),
        (length > 0, "original length: expected at least 1, found \(length)"))
    case .llama3(let factor, let low, let high, let length):
      return check(
        (factor > 0, "factor: expected a positive number, found \(factor)"),
        (high > low, "high_freq_factor: expected more than low_freq_factor \(low), found \(high)"),
        (length > 0, "original length: expected at least 1, found \(length)"))
    case .yarn(let factor, let length, let fast, let slow, _, _):
      return check(
        (factor > 0, "factor: expected a positive number, found \(factor)"),
        (length > 0, "original length: expected at least 1, found \(length)"),
        (slow > 0 && fast >= slow, "beta_fast: expected at least beta_slow \(slow), found \(fast)"))
    }
  }
}
