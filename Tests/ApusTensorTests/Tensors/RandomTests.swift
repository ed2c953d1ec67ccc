// Random numbers: determined by seeds, and correctly distributed. Read first: ApusTensor/RandomGenerator.swift.

import ApusTensor
import Testing

@Suite struct RandomTests {
  private func moments(_ values: [Float], around mean: Double) -> [Double] {
    (1...4).map { power in
      values.reduce(0) { sum, value in
        let deviation = Double(value) - mean
        return sum + (1..<power).reduce(deviation) { product, _ in product * deviation }
      } / Double(values.count)
    }
  }

  @Test func aSeedDeterminesEverything() {
    func draws(_ seed: UInt64) -> [Tensor] {
      withSeed(seed) {
        [.randomUniform([5]), .randomNormal([3, 3]), .randomUniform([5]), .ones([40]).droppedOut()]
      }
    }
    #expect(draws(1) == draws(1))
    let (one, two) = (draws(1), draws(2))
    #expect(one[0] != two[0] && one[1] != two[1] && one[3] != two[3])
    // Successive draws differ.
    #expect(one[0] != one[2])
  }

  @Test func withoutASeedDrawsDiffer() {
    #expect(Tensor.randomUniform([8]) != Tensor.randomUniform([8]))
  }

  @Test func scopesOfSeedsNest() {
    let (outer, inner, again) = withSeed(1) {
      (Tensor.randomUniform([4]), withSeed(1) { Tensor.randomUniform([4]) }, Tensor.randomUniform([4]))
    }
    #expect(outer == inner && again != outer)
    #expect(RandomGenerator(seed: 1).uniforms(count: 4) == outer.scalars)
  }

  @Test func streamsAreIndependentOfWhatWasDrawn() {
    let (few, many) = (RandomGenerator(seed: 9), RandomGenerator(seed: 9))
    _ = (few.uniforms(count: 1), many.uniforms(count: 1_000))
    #expect(few.uniforms(count: 6) == many.uniforms(count: 6))
    #expect(RandomGenerator(seed: 9, firstStream: 1).uniforms(count: 6) == RandomGenerator(seed: 9).second())
  }

  @Test func uniformNumbers() {
    let values = Tensor.randomUniform([40_000], using: RandomGenerator(seed: 3)).scalars
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    let found = moments(values, around: 0.5)
    // The moments are 0, 1/12, 0 and 1/80, each within five standard errors.
    #expect(abs(found[0]) < 0.0075 && abs(found[1] - 1 / 12) < 0.002)
    #expect(abs(found[2]) < 0.0012 && abs(found[3] - 1 / 80) < 0.0004)
    // Adjacent numbers are not correlated.
    let products = zip(values, values.dropFirst()).reduce(0) { $0 + (Double($1.0) - 0.5) * (Double($1.1) - 0.5) }
    #expect(abs(products / 40_000) < 0.0022)
    let scaled = Tensor.randomUniform([1_000], from: -3, to: 5, using: RandomGenerator(seed: 4)).scalars
    #expect(scaled.allSatisfy { $0 >= -3 && $0 <= 5 } && (scaled.min() ?? 0) < -2.9 && (scaled.max() ?? 0) > 4.9)
  }

  @Test func normalNumbers() {
    let values = Tensor.randomNormal([40_001], using: RandomGenerator(seed: 5)).scalars
    #expect(values.allSatisfy { $0.isFinite })
    let found = moments(values, around: 0)
    // The moments are 0, 1, 0 and 3, each within five standard errors.
    #expect(abs(found[0]) < 0.025 && abs(found[1] - 1) < 0.036 && abs(found[2]) < 0.1 && abs(found[3] - 3) < 0.25)
    let scaled = Tensor.randomNormal([40_000], mean: 2, standardDeviation: 3, using: RandomGenerator(seed: 6)).scalars
    let shifted = moments(scaled, around: 2)
    #expect(abs(shifted[0]) < 0.075 && abs(shifted[1] - 9) < 0.33)
    // The two numbers of a pair are neither equal nor opposite.
    let pairs = stride(from: 0, to: 40_000, by: 2).reduce(0) { $0 + Double(values[$1]) * Double(values[$1 + 1]) }
    #expect(abs(pairs / 20_000) < 0.036)
  }

  @Test func wholeNumbers() {
    let generator = RandomGenerator(seed: 7)
    let numbers = generator.integers(count: 6_000, below: 6)
    for face in 0..<6 {
      let count = numbers.count { $0 == face }
      #expect(abs(count - 1_000) < 145, "\(face): \(count)")
    }
    #expect(numbers.allSatisfy { (0..<6).contains($0) })
    #expect((0..<20).allSatisfy { _ in generator.integer(below: 1) == 0 })
    #expect((0..<200).contains { _ in generator.integer(below: 1 << 40) > 1 << 38 })
  }

  @Test func permutations() {
    let generator = RandomGenerator(seed: 8)
    for count in [0, 1, 2, 100] {
      #expect(generator.permutation(count: count).sorted() == Array(0..<count))
    }
    #expect(generator.permutation(count: 100) != generator.permutation(count: 100))
    // Each of the six orders of three comes equally often.
    var counts: [[Int]: Int] = [:]
    for _ in 0..<3_000 { counts[generator.permutation(count: 3), default: 0] += 1 }
    #expect(counts.count == 6 && counts.values.allSatisfy { abs($0 - 500) < 105 }, "\(counts)")
  }

  @Test func dropout() {
    let x = Tensor(repeating: 3, shape: [20_000])
    #expect(x.droppingOut(probability: 0.5) == x, "outside of training it is the identity")
    withTrainingMode {
      #expect(x.droppingOut(probability: 0) == x)
      let y = x.droppingOut(probability: 0.25, using: RandomGenerator(seed: 1)).scalars
      #expect(Set(y) == [0, 4])
      let dropped = y.count { $0 == 0 }
      #expect(abs(dropped - 5_000) < 310, "\(dropped)")
    }
  }
}

extension Tensor {
  fileprivate func droppedOut() -> Tensor { withTrainingMode { droppingOut(probability: 0.5) } }
}

extension RandomGenerator {
  /// The numbers of the second draw.
  fileprivate func second() -> [Float] {
    _ = uniforms(count: 3)
    return uniforms(count: 6)
  }
}
