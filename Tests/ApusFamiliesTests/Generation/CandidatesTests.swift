// The heap of candidates beside plain sorting, with many equal weights.
// Read first: ApusGeneration/Candidates.swift. Read next: GenerationTests.swift.

import ApusTensor
import Testing

@testable import ApusGeneration
@testable import ApusText

@Suite struct CandidatesTests {
  /// Numbers of which many are equal.
  private static func scores(_ count: Int, seed: UInt64) -> [Float] {
    RandomGenerator(seed: seed).integers(count: count, below: max(1, count / 3)).map { Float($0) - 5 }
  }

  private static func isBefore(_ a: (token: Int, weight: Double), _ b: (token: Int, weight: Double)) -> Bool {
    a.weight > b.weight || (a.weight == b.weight && a.token < b.token)
  }

  @Test(arguments: [1, 2, 3, 7, 40, 100]) func theLargest(_ count: Int) {
    var candidates = Candidates()
    for seed in 1...20 as ClosedRange<UInt64> {
      let scores = Self.scores(count, seed: seed)
      let ordered = scores.indices.map { ($0, Double(scores[$0])) }.sorted(by: Self.isBefore)
      for k in [0, 1, 2, count / 2, count, count + 3] {
        scores.withUnsafeBufferPointer { candidates.takeLargest(k, of: $0) { Double($0) * 2 } }
        #expect(candidates.entries.map(\.token) == ordered.prefix(k).map(\.0), "the largest \(k) of \(scores)")
        #expect(candidates.entries.allSatisfy { $0.weight == Double($0.token) * 2 })
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 40, 100]) func theBestOfAWeight(_ count: Int) {
    for seed in 1...20 as ClosedRange<UInt64> {
      let weights = Self.scores(count, seed: seed).map { Double($0) + 6 }
      let ordered = weights.enumerated().map { ($0.offset, $0.element) }.sorted(by: Self.isBefore)
      for share in [0, 0.01, 0.3, 0.9, 1, 2] {
        let least = share * weights.reduce(0, +)
        var candidates = Candidates()
        for (token, weight) in weights.enumerated() { candidates.append(token, weight: weight) }
        candidates.keepBest(ofWeight: least)
        var (sum, expected) = (0.0, [Int]())
        for (token, weight) in ordered where sum < least {
          expected.append(token)
          sum += weight
        }
        #expect(candidates.entries.map(\.token) == expected, "a share of \(share) of \(weights)")
      }
    }
  }

  /// A token counts once, however often it stands in the text, for every text anew; what is no token is passed over.
  @Test func repetitionPenalty() {
    var settings = GenerationSettings()
    settings.repetitionPenalty = 2
    var rules = LogitRules(settings)
    for _ in 0..<2 {
      var scores = Tensor([4, -4, 4, 4, 4, -4], shape: [2, 3])
      rules.apply(
        to: &scores, texts: [[0, 1, 0, 0, 1], [2, -1, 7, 2]], promptCounts: [1, 1], limit: 10)
      #expect(scores.scalars == [2, -8, 4, 4, 4, -8])
    }
  }
}
