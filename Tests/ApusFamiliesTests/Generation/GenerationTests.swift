// From scores to text: the sampler's distribution, and generation with a cache beside full forward passes.
// Read first: GPTTests.swift.

import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusGeneration
@testable import ApusLanguage

@Suite struct SamplerTests {
  /// How often each token was drawn.
  private func counts(_ sampler: Sampler, _ scores: [Float], draws: Int, seed: UInt64 = 1) -> [Int] {
    let generator = RandomGenerator(seed: seed)
    var counts = Array(repeating: 0, count: scores.count)
    for _ in 0..<draws { counts[sampler(scores, using: generator)] += 1 }
    return counts
  }

  /// Whether counts are drawn with weights exp(score / temperature): χ² below its 99.99 % quantile for the seeds used.
  private func expectDistribution(_ sampler: Sampler, _ scores: [Float], among tokens: [Int]) {
    let draws = 4_000
    let counts = counts(sampler, scores, draws: draws)
    let weights = scores.indices.map {
      tokens.contains($0) ? exp(Double(scores[$0]) / Double(sampler.temperature)) : 0
    }
    let total = weights.reduce(0, +)
    var chiSquared = 0.0
    for token in scores.indices {
      let expected = Double(draws) * weights[token] / total
      if expected == 0 { #expect(counts[token] == 0, "token \(token)") }
      let difference = Double(counts[token]) - expected
      if expected > 0 { chiSquared += difference * difference / expected }
    }
    // 4 degrees of freedom at most: 23.5.
    #expect(chiSquared < 23.5, "\(counts), χ² \(chiSquared)")
  }

  private static let scores: [Float] = [0.5, -1, 2, 1, 0]

  @Test(arguments: [0.5, 1, 2] as [Float])
  func drawsFollowTheSoftmax(temperature: Float) {
    expectDistribution(Sampler(temperature: temperature), SamplerTests.scores, among: [0, 1, 2, 3, 4])
  }

  @Test func topKConsidersTheBestOnly() {
    expectDistribution(Sampler(topK: 2), SamplerTests.scores, among: [2, 3])
    expectDistribution(Sampler(temperature: 3, topK: 3), SamplerTests.scores, among: [0, 2, 3])
    expectDistribution(Sampler(topK: 100), SamplerTests.scores, among: [0, 1, 2, 3, 4])
    #expect(counts(Sampler(temperature: 5, topK: 1), SamplerTests.scores, draws: 50) == [0, 0, 50, 0, 0])
    // Those that are as good as the last one count, too.
    expectDistribution(Sampler(topK: 1), [1, 3, 3, 2], among: [1, 2])
    expectDistribution(Sampler(topK: 2), [3, 1, 2, 2, 2], among: [0, 2, 3, 4])
  }

  @Test func topPConsidersTheBestOfThatProbability() {
    // Softmax: 0.126, 0.028, 0.563, 0.207, 0.076.
    let all = SamplerTests.scores
    expectDistribution(Sampler(topP: 0.55), all, among: [2])
    expectDistribution(Sampler(topP: 0.6), all, among: [2, 3])
    expectDistribution(Sampler(topP: 0.8), all, among: [0, 2, 3])
    expectDistribution(Sampler(topP: 1), all, among: [0, 1, 2, 3, 4])
    expectDistribution(Sampler(temperature: 2, topK: 4, topP: 0.999), all, among: [0, 2, 3, 4])
    #expect(counts(Sampler(topP: 1e-6), all, draws: 50) == [0, 0, 50, 0, 0])
  }

  @Test func minPConsidersAShareOfTheBest() {
    // e^(s − 2): 0.22, 0.05, 1, 0.37, 0.14.
    expectDistribution(Sampler(minP: 0.2), SamplerTests.scores, among: [0, 2, 3])
    expectDistribution(Sampler(temperature: 2, minP: 0.4), SamplerTests.scores, among: [0, 2, 3])
    expectDistribution(Sampler(topP: 0.9, minP: 0.3), SamplerTests.scores, among: [2, 3])
    expectDistribution(Sampler(minP: 0), SamplerTests.scores, among: [0, 1, 2, 3, 4])
  }

  @Test func temperatureZeroTakesTheBest() {
    #expect(counts(.greedy, SamplerTests.scores, draws: 20) == [0, 0, 20, 0, 0])
    #expect(counts(Sampler(temperature: 0, topK: 3), [-5, -3, -3], draws: 20) == [0, 20, 0])
    #expect(counts(Sampler(temperature: 1e-30), SamplerTests.scores, draws: 20) == [0, 0, 20, 0, 0])
  }

  @Test func hugeAndHiddenScores() {
    // Without subtracting the largest, these would overflow.
    #expect(counts(Sampler(), [1e30, 0, -1e30], draws: 20) == [20, 0, 0])
    #expect(counts(Sampler(), [-.infinity, 0, -.infinity], draws: 20) == [0, 20, 0])
  }

  @Test func seedsDetermineTheDraws() {
    func drawn(_ seed: UInt64) -> [Int] {
      let generator = RandomGenerator(seed: seed)
      return (0..<40).map { _ in Sampler(temperature: 2)(SamplerTests.scores, using: generator) }
    }
    #expect(drawn(3) == drawn(3))
    #expect(drawn(3) != drawn(4))
  }

  @Test func impossibleSettingsStop() async {
    await #expect(processExitsWith: .failure) { _ = Sampler(temperature: -1) }
    await #expect(processExitsWith: .failure) { _ = Sampler(temperature: .nan) }
    await #expect(processExitsWith: .failure) { _ = Sampler(topK: 0) }
    await #expect(processExitsWith: .failure) { _ = Sampler(topP: 0) }
    await #expect(processExitsWith: .failure) { _ = Sampler(minP: 1.1) }
    await #expect(processExitsWith: .failure) { _ = Sampler()([], using: RandomGenerator(seed: 1)) }
  }
}

@Suite struct GenerationTests {
  /// A model whose text depends on where a token stands, or the tied output layer would repeat the first one for ever.
  private func restlessModel(seed: UInt64 = 1) -> GPT {
    let model = GPTTests.toyModel(seed: seed)
    model.positionEmbedding.weight = model.positionEmbedding.weight * 6
    return model
  }

  /// What generation must give: the scores of full forward passes over a window that is halved when it is full.
  private func expected(_ model: GPT, prompt: [Int32], count: Int) -> [Int32] {
    let context = model.configuration.contextLength
    var text = prompt
    var window = min(prompt.count, context)
    while text.count < prompt.count + count {
      let read = Array(text.suffix(window))
      let scores = model(IndexTensor(read, shape: [1, read.count]))
      let last = scores.slice(read.count - 1..<read.count, along: 1).reshaped(-1)
      text.append(Int32(last.argMax(along: -1).indices[0]))
      window = window + 1 > context ? max(1, context / 2) : window + 1
    }
    return Array(text.dropFirst(prompt.count))
  }

  @Test(arguments: [[2], [6, 5, 4], [0, 1, 2, 3, 4, 5, 6, 0], [1, 1, 0, 1, 2, 3, 4, 5, 6, 0, 3, 3]] as [[Int32]])
  func greedyIsTheBestOfTheFullForward(prompt: [Int32]) {
    for seed in 1...3 as ClosedRange<UInt64> {
      let model = restlessModel(seed: seed)
      // Longer than the context of 8, more than once.
      let text = model.generate(prompt: prompt, count: 21)
      #expect(text == expected(model, prompt: prompt, count: 21), "seed \(seed)")
    }
  }

  @Test func aContextOfOne() {
    let model = GPTTests.toyModel(.init(vocabularySize: 7, contextLength: 1, layers: 1, heads: 1, width: 4))
    #expect(model.generate(prompt: [3, 2], count: 5) == expected(model, prompt: [3, 2], count: 5))
  }

  @Test func greedyTextIsNotAllTheSame() {
    // Otherwise the comparison above would prove little.
    let texts = (1...3 as ClosedRange<UInt64>).map { restlessModel(seed: $0).generate(prompt: [2], count: 21) }
    #expect(Set(texts).count == 3 && texts.allSatisfy { Set($0).count > 1 })
  }

  @Test func theSameSeedGivesTheSameText() {
    let model = restlessModel()
    let sampler = Sampler(temperature: 1.5, topK: 5)
    func text(_ seed: UInt64) -> [Int32] {
      model.generate(prompt: [1], count: 30, sampler: sampler, using: RandomGenerator(seed: seed))
    }
    #expect(text(1) == text(1))
    #expect(text(1) != text(2))
    #expect(withSeed(1) { model.generate(prompt: [1], count: 30, sampler: sampler) } == text(1))
  }

  @Test func endsAtTheEndTokenOrWhenAsked() {
    let model = restlessModel()
    let text = model.generate(prompt: [2], count: 12)
    let end = text[4]
    let length = 1 + (text.firstIndex(of: end) ?? 0)
    #expect(model.generate(prompt: [2], count: 12, end: end) == Array(text.prefix(length)))
    var heard: [Int32] = []
    let stopped = model.generate(prompt: [2], count: 12) { token in
      heard.append(token)
      return heard.count < 3
    }
    #expect(stopped == Array(text.prefix(3)) && heard == stopped)
    #expect(model.generate(prompt: [2], count: 0) == [])
  }

  @Test func anEmptyPromptStops() async {
    await #expect(processExitsWith: .failure) { _ = GPT(GPTTests.toy).generate(prompt: [], count: 1) }
  }
}
