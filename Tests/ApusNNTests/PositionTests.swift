// Rotary positions and buckets of relative positions compared with Hugging Face's transformers; properties of
// rotations. Fixtures/positions/positions.py computes the numbers.

import ApusTensor
import ApusTesting
import Foundation
import Testing

@testable import ApusNN

/// The contents of Fixtures/positions/positions.json.
private struct PositionFixture: Decodable {
  struct Rotary: Decodable {
    struct Parameters: Decodable {
      var factor: Float?
      var lowFreqFactor: Float?
      var highFreqFactor: Float?
      var originalMaxPositionEmbeddings: Int?
      var betaFast: Float?
      var betaSlow: Float?
      var attentionFactor: Float?
      var truncate: Bool?
    }
    var name: String
    var headSize: Int
    var base: Float
    var length: Int
    var parameters: Parameters
    var positions: [Int32]
    var cosines: [[Float]]
    var sines: [[Float]]

    func scaling() throws -> RotaryScaling {
      let p = parameters
      switch name {
      case "default": return .none
      case "linear": return .linear(factor: try #require(p.factor))
      case "dynamic": return .dynamic(factor: try #require(p.factor), originalLength: length)
      case "llama3":
        return .llama3(
          factor: try #require(p.factor), lowFrequencyFactor: try #require(p.lowFreqFactor),
          highFrequencyFactor: try #require(p.highFreqFactor),
          originalLength: try #require(p.originalMaxPositionEmbeddings))
      case "yarn":
        return .yarn(
          factor: try #require(p.factor), originalLength: try #require(p.originalMaxPositionEmbeddings),
          fast: p.betaFast ?? 32, slow: p.betaSlow ?? 1, amplitude: p.attentionFactor, roundsRamp: p.truncate ?? true)
      default: throw CocoaError(.fileReadCorruptFile)
      }
    }
  }

  struct Buckets: Decodable {
    var count: Int
    var maximum: Int
    var bidirectional: Bool
    var first: Int
    var buckets: [Int]
  }

  var rotary: [Rotary]
  var buckets: [Buckets]

  static func load() throws -> PositionFixture {
    let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      PositionFixture.self, from: Data(contentsOf: folder.appendingPathComponent("positions/positions.json")))
  }
}

@Suite struct PositionTests {
  @Test func anglesOfEveryScaling() throws {
    let cases = try PositionFixture.load().rotary
    #expect(Set(cases.map(\.name)) == ["default", "linear", "dynamic", "llama3", "yarn"])
    for example in cases {
      let scaling = try example.scaling()
      #expect(scaling.problems == [])
      let layer = RotaryPositions(headSize: example.headSize, base: example.base, scaling: scaling)
      let angles = layer.angles(IndexTensor(example.positions))
      let (cosines, sines) = (angles.cosines, angles.sines)
      #expect(cosines.shape == [5, example.headSize / 2])
      for (actual, expected) in [(cosines, example.cosines), (sines, example.sines)] {
        let expected = Tensor(expected.flatMap { $0 }, shape: actual.shape)
        // The last bit of a frequency, multiplied by the largest position.
        let bound = 2 * Float.ulpOfOne * Float(example.positions.max() ?? 0) + 1e-6
        let comparison = Comparison(actual, expected, absolute: bound, relativeToLargest: 0)
        #expect(comparison.isClose, "\(example.name): \(comparison)")
      }
    }
  }

  @Test func bucketsOfDistances() throws {
    for example in try PositionFixture.load().buckets {
      let layer = RelativePositionBias(
        heads: 1, buckets: example.count, maximumDistance: example.maximum, isBidirectional: example.bidirectional)
      let actual = example.buckets.indices.map { layer.bucket(ofDistance: example.first + $0) }
      #expect(actual == example.buckets, "\(example.count) buckets to \(example.maximum)")
      #expect(Set(actual).count > 3)
    }
  }

  @Test func biasesOfLaterQueriesAreRowsOfAll() {
    let layer = withSeed(1) { RelativePositionBias(heads: 2, buckets: 8, maximumDistance: 9, isBidirectional: true) }
    let all = layer(queries: 7, keys: 7)
    #expect(all.shape == [2, 7, 7])
    #expect(layer(queries: 2, keys: 7, from: 4) == all.slice(4..<6, along: 1))
    #expect(layer.constant(queries: 2, keys: 7, from: 4) == all.slice(4..<6, along: 1))
    #expect(all[scalarAt: 1, 5, 2] == layer.weight[scalarAt: layer.bucket(ofDistance: -3), 1])
  }

  /// The product of a rotated query and a rotated key depends only on their distance, and rotations preserve norms.
  @Test(arguments: [RotaryPairing.halves, .neighbors])
  func productsDependOnTheDistance(pairing: RotaryPairing) {
    let layer = RotaryPositions(headSize: 6, base: 20, pairing: pairing)
    let (q, k) = (Samples.normal([1, 1, 6], seed: 1), Samples.normal([1, 1, 6], seed: 2))
    func product(_ i: Int, _ j: Int) -> Float {
      (layer(q, heads: 1, from: i) * layer(k, heads: 1, from: j)).sum().scalar
    }
    #expect(abs(product(3, 1) - product(9, 7)) < 1e-5)
    #expect(abs(product(3, 1) - product(3, 2)) > 1e-2)
    #expect(abs(layer(q, heads: 1, from: 5).squared().sum().scalar - q.squared().sum().scalar) < 1e-5)
    #expect(layer(q, heads: 1) == q)
  }

  @Test func pairingsDifferByAPermutation() {
    let (halves, neighbors) = (RotaryPositions(headSize: 6), RotaryPositions(headSize: 6, pairing: .neighbors))
    let x = Samples.normal([1, 4, 6])
    // Element 2i of `.neighbors` is element i of `.halves`; element 2i + 1 is element i + 3.
    let order: IndexTensor = [0, 2, 4, 1, 3, 5]
    func reordered(_ x: Tensor) -> Tensor {
      x.permuted([2, 0, 1]).gathering(order).permuted([1, 2, 0])
    }
    let comparison = Comparison(
      halves(reordered(x), heads: 1), reordered(neighbors(x, heads: 1)), absolute: 1e-6, relativeToLargest: 0)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func positionsOfTheirOwnAreRows() {
    let layer = RotaryPositions(headSize: 4)
    let x = Samples.normal([2, 3, 8])
    let turned = layer(x, heads: 2, positions: IndexTensor([2, 3, 4, 0, 1, 2], shape: [2, 3]))
    #expect(turned.slice(0..<1) == layer(x.slice(0..<1), heads: 2, from: 2))
    #expect(turned.slice(1..<2) == layer(x.slice(1..<2), heads: 2))
    let (range, list) = (layer.angles(2..<5), layer.angles([2, 3, 4]))
    #expect(range.cosines == list.cosines && range.sines == list.sines)
  }

  @Test func impossibleScalings() {
    #expect(RotaryScaling.linear(factor: 0).problems == ["factor: expected a positive number, found 0.0"])
    #expect(RotaryScaling.dynamic(factor: -1, originalLength: 0).problems.count == 2)
    #expect(
      RotaryScaling.llama3(factor: 2, lowFrequencyFactor: 4, highFrequencyFactor: 1, originalLength: 8).problems
        == ["high_freq_factor: expected more than low_freq_factor 4.0, found 1.0"])
    #expect(RotaryScaling.yarn(factor: 2, originalLength: 8, fast: 1, slow: 2).problems.count == 1)
  }
}
