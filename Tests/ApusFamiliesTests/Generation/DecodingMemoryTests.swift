// After its first tokens a text costs no new memory: every buffer, and every tensor's owner, served an earlier token.
// Read first: GenerationFixture.swift, ApusTensor/Workspace.swift. Read next: DecodingTests.swift.

import ApusKernelTypes
import Foundation
import Testing

@testable import ApusGeneration
@testable import ApusTensor
@testable import ApusText

@Suite struct DecodingMemoryTests {
  /// How often the pool asked the system, and how many storages were made, while `count` tokens were written, after a few to
  /// warm up.
  private static func new(
    _ model: any AutoregressiveModel, _ prompts: [[Int32]], _ settings: GenerationSettings, after warmUp: Int = 3,
    count: Int = 24
  ) throws -> (buffers: Int, storages: Int) {
    let random = RandomGenerator(seed: 1)
    let generator =
      if let model = model as? any ConditionalDecoder {
        try model.generator(reading: prompts, settings: settings, using: random)
      } else {
        try #require(model as? any CausalDecoder).generator(prompts, settings: settings, using: random)
      }
    for _ in 0..<warmUp { _ = generator.next() }
    let before = (BufferPool.shared.statistics.misses, storagesMade)
    for _ in 0..<count { try #require(generator.next() != nil) }
    return (BufferPool.shared.statistics.misses - before.0, storagesMade - before.1)
  }

  private static var storagesMade: Int {
    #if DEBUG
      Storage.made
    #else
      0
    #endif
  }

  /// In a process of its own: the pool is everybody's.
  @Test func tokensCostNoNewMemory() async {
    await #expect(processExitsWith: .success) {
      for name in ["gpt2_lm", "llama_lm", "t5_relu", "t5_gated_gelu", "bart", "marian"] {
        let model = try WritingFixture(name).model
        for sampler in [.greedy, Sampler(temperature: 0.9, topK: 20, topP: 0.9)] {
          let plain = GenerationSettings(maximumNewTokens: 100, sampler: sampler)
          var penalties = plain
          (penalties.repetitionPenalty, penalties.noRepeatNGramSize) = (1.2, 3)
          for settings in [plain, penalties] {
            // One text, and two side by side of which one begins with padding.
            for prompts in [[[5, 17, 3, 60, 20]], [[5, 17, 3, 60, 20], [9, 41]]] as [[[Int32]]] {
              let new = try Self.new(model, prompts, settings)
              #expect(
                new == (0, 0), "\(name), \(prompts.count) rows, \(sampler), penalty \(settings.repetitionPenalty)")
            }
          }
        }
      }
    }
  }
}
