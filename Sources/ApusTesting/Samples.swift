// Random inputs for checks: determined by a seed, the same on every machine, and away from kinks where needed.
// Read next: CheckGradients.swift.

public import ApusTensor
import Foundation

/// Random inputs for checks of operations.
///
/// They come from a separate generator (SplitMix64), so that a defect in the library's generator, such as only zeros,
/// cannot hide a defect in an operation.
public enum Samples {
  /// Normally distributed numbers with mean 0 and standard deviation 1.
  public static func normal(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    var generator = SplitMix64(seed: seed)
    return Tensor((0..<shape.elementCount).map { _ in Float(generator.nextNormal()) }, shape: shape)
  }

  /// Numbers uniformly distributed over a range.
  public static func uniform(_ shape: Shape, in range: ClosedRange<Float> = -1...1, seed: UInt64 = 1) -> Tensor {
    var generator = SplitMix64(seed: seed)
    return Tensor((0..<shape.elementCount).map { _ in Float.random(in: range, using: &generator) }, shape: shape)
  }

  /// Numbers of either sign with absolute values in a range, away from a kink or pole at 0.
  public static func awayFromZero(
    _ shape: Shape, in range: ClosedRange<Float> = 0.25...2, seed: UInt64 = 1
  ) -> Tensor {
    var generator = SplitMix64(seed: seed)
    let numbers = (0..<shape.elementCount).map { _ in
      Float.random(in: range, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
    }
    return Tensor(numbers, shape: shape)
  }

  /// Distinct multiples of `spacing` around 0, in random order, so that maxima and minima have no ties.
  public static func distinct(_ shape: Shape, spacing: Float = 0.125, seed: UInt64 = 1) -> Tensor {
    var generator = SplitMix64(seed: seed)
    let count = shape.elementCount
    let order = (0..<count).shuffled(using: &generator)
    return Tensor(order.map { spacing * (Float($0) - Float(count) / 2) }, shape: shape)
  }

  /// Integers uniformly distributed over 0 ..< bound.
  public static func indices(_ shape: Shape, below bound: Int, seed: UInt64 = 1) -> IndexTensor {
    var generator = SplitMix64(seed: seed)
    let numbers = (0..<shape.elementCount).map { _ in Int32.random(in: 0..<Int32(bound), using: &generator) }
    return IndexTensor(numbers, shape: shape)
  }

  /// A random tensor with Euclidean norm 1.
  static func unitDirection(_ shape: Shape, seed: UInt64) -> Tensor {
    var generator = SplitMix64(seed: seed)
    let numbers = (0..<shape.elementCount).map { _ in generator.nextNormal() }
    let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return Tensor(numbers.map { Float($0 / length) }, shape: shape)
  }
}

/// The SplitMix64 generator (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A normally distributed number: one of the two that the Box–Muller transform yields.
  mutating func nextNormal() -> Double {
    // In (0, 1], so that the logarithm is finite.
    let u = Double(next() >> 11 &+ 1) * 0x1p-53
    let angle = 2 * Double.pi * Double(next() >> 11) * 0x1p-53
    return (-2 * log(u)).squareRoot() * cos(angle)
  }
}
