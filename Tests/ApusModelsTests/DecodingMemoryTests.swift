// After its first tokens a text costs no new memory: every buffer is one that an earlier token has returned.
// Read first: GenerationFixture.swift, ApusKernelTypes/BufferPool.swift. Read next: DecodingTests.swift.

import ApusKernelTypes
import ApusTensor
import Foundation
import Testing

@testable import ApusModels

@Suite struct DecodingMemoryTests {
  /// How often the pool asked the system while `count` tokens were written, after a few to warm up.
  private static func misses(
    _ model: any TokenDecoder, _ prompts: [[Int32]], _ sampler: Sampler, after warmUp: Int = 3, count: Int = 24
  ) throws -> Int {
    let settings = GenerationSettings(maximumNewTokens: 100, sampler: sampler)
    let random = RandomGenerator(seed: 1)
    let generator =
      if let model = model as? any ConditionalDecoder {
        try model.generator(reading: prompts, settings: settings, using: random)
      } else {
        try #require(model as? any CausalDecoder).generator(prompts, settings: settings, using: random)
      }
    for _ in 0..<warmUp { _ = generator.next() }
    let before = BufferPool.shared.statistics.misses
    for _ in 0..<count { try #require(generator.next() != nil) }
    return BufferPool.shared.statistics.misses - before
  }

  /// In a process of its own: the pool is everybody's.
  @Test func tokensCostNoNewMemory() async {
    await #expect(processExitsWith: .success) {
      for name in ["gpt2_lm", "llama_lm", "t5_relu", "t5_gated_gelu", "bart", "marian"] {
        let model = try WritingFixture(name).model
        for sampler in [.greedy, Sampler(temperature: 0.9, topK: 20, topP: 0.9)] {
          // One text, and two side by side of which one begins with padding.
          for prompts in [[[5, 17, 3, 60, 20]], [[5, 17, 3, 60, 20], [9, 41]]] as [[[Int32]]] {
            let misses = try Self.misses(model, prompts, sampler)
            #expect(misses == 0, "\(name), \(prompts.count) rows, \(sampler)")
          }
        }
      }
    }
  }
}
