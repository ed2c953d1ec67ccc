// Initial values of weights: bounds and variances within the statistical error, and reproducible with a seed.
// There are enough draws that a wrong factor of √2 would be an error of fifty standard errors.

import ApusNN
import ApusTensor
import Foundation
import Testing

@Suite struct InitializerTests {
  private struct Moments {
    let mean: Double
    let variance: Double
    let smallest: Float
    let largest: Float

    init(_ tensor: Tensor) {
      let scalars = tensor.scalars
      let count = Double(scalars.count)
      let mean = scalars.reduce(0) { $0 + Double($1) } / count
      self.mean = mean
      variance = scalars.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
      smallest = scalars.min() ?? .nan
      largest = scalars.max() ?? .nan
    }
  }

  /// [out, in]: fan-in 200, fan-out 100.
  private static let shape: Shape = [100, 200]

  struct Expectation: Sendable {
    let initializer: Initializer
    let variance: Double
    /// The largest absolute value, for uniform and truncated distributions.
    var bound: Double?
    /// The fourth moment divided by the squared variance: 9/5 for a uniform distribution, 3 for a normal distribution.
    var kurtosis = 3.0
  }

  static let expectations: [Expectation] = [
    .init(initializer: .uniform(bound: 0.3), variance: 0.03, bound: 0.3, kurtosis: 1.8),
    .init(initializer: .normal(standardDeviation: 0.02), variance: 0.0004),
    // The variance of a normal distribution cut at 2σ: 1 − 2·2·φ(2)/(2Φ(2) − 1).
    .init(initializer: .truncatedNormal(standardDeviation: 0.5), variance: 0.25 * 0.7737413, bound: 1, kurtosis: 2.4),
    .init(initializer: .xavierUniform, variance: 2.0 / 300, bound: (6.0 / 300).squareRoot(), kurtosis: 1.8),
    .init(initializer: .xavierNormal, variance: 2.0 / 300),
    .init(initializer: .kaimingUniform, variance: 2.0 / 200, bound: (6.0 / 200).squareRoot(), kurtosis: 1.8),
    .init(initializer: .kaimingNormal, variance: 2.0 / 200),
    .init(initializer: .fanInUniform, variance: 1.0 / 600, bound: (1.0 / 200).squareRoot(), kurtosis: 1.8),
  ]

  @Test(arguments: expectations)
  func momentsAreRight(expected: Expectation) {
    let tensor = withSeed(11) { expected.initializer(InitializerTests.shape) }
    #expect(tensor.shape == InitializerTests.shape)
    let (moments, count) = (Moments(tensor), Double(tensor.elementCount))
    let meanError = (expected.variance / count).squareRoot()
    #expect(abs(moments.mean) < 4 * meanError, "mean \(moments.mean), standard error \(meanError)")
    let varianceError = expected.variance * ((expected.kurtosis - 1) / count).squareRoot()
    #expect(
      abs(moments.variance - expected.variance) < 4 * varianceError,
      "variance \(moments.variance), expected \(expected.variance) ± \(varianceError)")
    if let bound = expected.bound {
      let largest = Double(max(-moments.smallest, moments.largest))
      #expect(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound, "largest \(largest), bound \(bound)")
    } else {
      // The largest of 20,000 normal numbers lies between 3.3σ and 6σ.
      let largest = Double(moments.largest) / expected.variance.squareRoot()
      #expect(largest > 3.3 && largest < 6, "\(largest)")
    }
  }

  @Test func constants() {
    #expect(Initializer.zeros([2, 3]) == .zeros([2, 3]))
    #expect(Initializer.ones([2, 3]) == .ones([2, 3]))
  }

  @Test func kernelsCountAsFans() {
    // [out, in, k, k]: fan-in 8 · 9, fan-out 16 · 9.
    let shape: Shape = [16, 8, 3, 3]
    let he = Moments(withSeed(1) { Initializer.kaimingUniform(shape) })
    #expect(abs(Double(he.largest) - (6.0 / 72).squareRoot()) < 0.01 * Double(he.largest))
    let glorot = Moments(withSeed(1) { Initializer.xavierUniform(shape) })
    #expect(abs(Double(glorot.largest) - (6.0 / 216).squareRoot()) < 0.01 * Double(glorot.largest))
  }

  @Test(arguments: expectations.map(\.initializer))
  func seedsDetermineEverything(initializer: Initializer) {
    let first = withSeed(5) { [initializer([3, 7]), initializer([3, 7])] }
    #expect(first == withSeed(5) { [initializer([3, 7]), initializer([3, 7])] })
    #expect(first[0] != first[1])
    #expect(first[0] != withSeed(6) { initializer([3, 7]) })
  }

  @Test func layersBeginAsInPyTorch() throws {
    try withSeed(3) {
      let linear = Linear(400, 50)
      let bound = Float(1.0 / 20)
      for tensor in [linear.weight, try #require(linear.bias)] {
        let moments = Moments(tensor)
        #expect(moments.largest <= bound && moments.smallest >= -bound && moments.largest > 0.9 * bound)
        #expect(moments.smallest < -0.8 * bound)
      }
      #expect(abs(Moments(Embedding(100, 100).weight).variance - 1) < 0.06)
      let norm = LayerNorm(7)
      #expect(norm.weight == .ones([7]) && norm.bias == .zeros([7]))
      let attention = MultiheadAttention(64, heads: 4)
      // Xavier over the [3 · width, width] projection: fan-in 64, fan-out 192.
      let projection = try #require(attention.projection)
      let largest = Moments(projection.weight).largest
      #expect(abs(largest - (Float(6) / 256).squareRoot()) < 0.01 * largest)
      #expect(projection.bias == .zeros([192]) && attention.output.bias == .zeros([64]))
      #expect(abs(Moments(LearnedPositions(100, 100).weight).variance - 0.0004) < 0.00003)
    }
  }

  @Test func modelsAreReproducible() {
    func block(_ seed: UInt64) -> TransformerBlock { withSeed(seed) { TransformerBlock(width: 8, heads: 2) } }
    let (a, b) = (block(8), block(8))
    #expect(zip(a.parameters, b.parameters).allSatisfy { $0.value == $1.value })
    let c = block(9)
    #expect(a.attention.projection?.weight != c.attention.projection?.weight)
  }
}
