// The code of the tour's chapters on the Transformer and on generation does what they say.
// Read first: ExamplesTests.swift.

import Apus
import Testing

@Suite struct TourGenerationTests {
  @Test func aSmallTransformerReverses() throws {
    let (digits, positions) = try reversingExample()
    #expect(digits == [5, 1, 4, 1, 3])
    #expect(positions == [4, 3, 2, 1, 0])
  }

  @Test func speculativeDrawsAreDrawsFromP() {
    let (p, q) = ([0.5, 0.3, 0.2, 0], [0.1, 0.2, 0.3, 0.4])
    let uniforms = RandomGenerator(seed: 5).uniforms(count: 60_000)
    var (next, taken) = (0, 0)
    var counts = [0, 0, 0, 0]
    for _ in 0..<20_000 {
      let result = speculativeDraw(p, q) {
        next += 1
        return Double(uniforms[(next - 1) % uniforms.count])
      }
      counts[result.token] += 1
      taken += result.isTaken ? 1 : 0
    }
    for (count, chance) in zip(counts, p) { #expect(abs(Double(count) / 20_000 - chance) < 0.015) }
    // A fraction Σ min(p, q) = 0.5 of the proposals is accepted.
    #expect(abs(Double(taken) / 20_000 - 0.5) < 0.015)
  }
}
