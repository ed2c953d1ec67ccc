// What a GPT must be, whatever its weights: sizes, causality, a cache that changes nothing, a right gradient, learning.
// Read next: GenerationTests.swift, GPTParityTests.swift.

import ApusLanguage
import ApusNN
import ApusTensor
import ApusTesting
import ApusText
import ApusTraining
import Testing

@Suite struct GPTTests {
  static let toy = GPT.Configuration(vocabularySize: 7, contextLength: 8, layers: 2, heads: 2, width: 8)

  /// A toy model whose weights are large enough to tell positions and tokens apart.
  static func toyModel(_ configuration: GPT.Configuration = toy, seed: UInt64 = 1) -> GPT {
    let model = withSeed(seed) { GPT(configuration) }
    for (index, parameter) in model.parameters.enumerated() {
      parameter.value =
        parameter.value + Samples.normal(parameter.value.shape, seed: seed &* 1_000 + UInt64(index)) * 0.3
    }
    return model
  }

  // MARK: Sizes

  @Test func publishedParameterCounts() {
    #expect(GPT.Configuration.gpt2.parameterCount == 124_439_808)
    #expect(GPT.Configuration.gpt2Medium.parameterCount == 354_823_168)
    #expect(GPT.Configuration.gpt2Large.parameterCount == 774_030_080)
    #expect(GPT.Configuration.gpt2XL.parameterCount == 1_557_611_200)
  }

  @Test func theFormulaCountsWhatModelsHave() {
    let configurations = [
      GPTTests.toy,
      GPT.Configuration(vocabularySize: 1, contextLength: 1, layers: 1, heads: 1, width: 1),
      GPT.Configuration(vocabularySize: 13, contextLength: 5, layers: 3, heads: 3, width: 12, intermediateSize: 7),
      GPT.Configuration(vocabularySize: 65, contextLength: 64, layers: 4, heads: 4, width: 32, activation: .relu),
    ]
    for configuration in configurations {
      #expect(GPT(configuration).parameterCount == configuration.parameterCount)
    }
  }

  /// Half a gigabyte and some seconds: once, so that the formula is not all there is.
  @Test func theSmallModelHasThatMany() {
    #expect(GPT(.gpt2).parameterCount == 124_439_808)
  }

  @Test func weightsBeginAsInGPT2() throws {
    let model = withSeed(4) {
      GPT(.init(vocabularySize: 100, contextLength: 64, layers: 8, heads: 4, width: 64))
    }
    func deviation(_ tensor: Tensor) -> Float { tensor.squared().mean().scalar.squareRoot() }
    for block in model.blocks {
      let projection = try #require(block.attention.projection)
      // 4,096 numbers and more: the standard error is below 1.2 %. Residual writers: 0.02/√16.
      for weight in [projection.weight, block.feedForward.expansion.weight] {
        #expect(abs(deviation(weight) / 0.02 - 1) < 0.05)
      }
      for weight in [block.attention.output.weight, block.feedForward.contraction.weight] {
        #expect(abs(deviation(weight) / 0.005 - 1) < 0.05)
      }
      for bias in [projection.bias, block.attention.output.bias, block.feedForward.contraction.bias] {
        #expect(bias?.scalars.allSatisfy { $0 == 0 } == true)
      }
    }
    #expect(abs(deviation(model.tokenEmbedding.weight) / 0.02 - 1) < 0.05)
    #expect(abs(deviation(model.positionEmbedding.weight) / 0.02 - 1) < 0.05)
  }

  @Test func impossibleSizesAreListed() async {
    let configuration = GPT.Configuration(
      vocabularySize: 0, contextLength: 4, layers: -1, heads: 3, width: 8, intermediateSize: 0, dropout: 1)
    #expect(configuration.problems.count == 5)
    #expect(GPTTests.toy.problems.isEmpty && GPT.Configuration.gpt2XL.problems.isEmpty)
    await #expect(processExitsWith: .failure) {
      _ = GPT(.init(vocabularySize: 4, contextLength: 4, layers: 1, heads: 3, width: 8))
    }
  }

  // MARK: Causality and the cache

  @Test func laterTokensChangeNothingBefore() {
    let model = GPTTests.toyModel()
    let ids: [Int32] = [3, 1, 4, 1, 5, 2, 6, 0]
    let scores = model(IndexTensor(ids, shape: [1, 8]))
    for changed in 0..<8 {
      var other = ids
      other[changed] = (other[changed] + 3) % 7
      let others = model(IndexTensor(other, shape: [1, 8]))
      for position in 0..<8 {
        let rows = position..<position + 1
        let isSame = scores.slice(rows, along: 1) == others.slice(rows, along: 1)
        #expect(isSame == (position < changed), "token \(changed), scores \(position)")
      }
    }
  }

  @Test func sequencesOfABatchDoNotSeeEachOther() {
    let model = GPTTests.toyModel()
    let both = model(IndexTensor([3, 1, 4, 6, 2, 5], shape: [2, 3]))
    for (row, ids) in [[3, 1, 4], [6, 2, 5]].enumerated() {
      let alone = model(IndexTensor(ids.map { Int32($0) }, shape: [1, 3]))
      let comparison = Comparison(both.slice(row..<row + 1), alone, absolute: 1e-6, relativeToLargest: 1e-6)
      #expect(comparison.isClose, "\(comparison)")
    }
  }

  @Test(arguments: [[8], [1, 1, 1, 1, 1, 1, 1, 1], [3, 5], [5, 1, 2], [2, 2, 2, 2], [7, 1]])
  func cacheGivesTheFullForward(chunks: [Int]) {
    let model = GPTTests.toyModel()
    let ids = Samples.indices([2, 8], below: 7, seed: 5)
    let full = model(ids)
    let state = model.makeState(rows: 2, capacity: 8)
    var start = 0
    for chunk in chunks {
      let part = (0..<2).flatMap { row in (start..<start + chunk).map { ids.indices[row * 8 + $0] } }
      let next = model.logits(after: IndexTensor(part, shape: [2, chunk]), state: state, isLastOnly: true)
        .reshaped(to: [2, 7])
      start += chunk
      let expected = full.slice(start - 1..<start, along: 1).reshaped(to: [2, 7])
      let comparison = Comparison(next, expected, absolute: 1e-6, relativeToLargest: 2e-6)
      #expect(comparison.isClose, "up to \(start): \(comparison)")
    }
    #expect(state.caches.allSatisfy { $0.count == 8 })
  }

  @Test func moreThanTheContextStops() async {
    await #expect(processExitsWith: .failure) {
      _ = GPT(GPTTests.toy)(IndexTensor(repeatElement(0, count: 9)).reshaped(to: [1, 9]))
    }
    await #expect(processExitsWith: .failure) {
      let model = GPT(GPTTests.toy)
      let state = model.makeState(capacity: 20)
      _ = model.hiddenStates(IndexTensor([1, 2, 3, 4, 5, 6], shape: [1, 6]), state: state)
      _ = model.hiddenStates(IndexTensor([1, 2, 3], shape: [1, 3]), state: state)
    }
    await #expect(processExitsWith: .failure) { _ = GPT(GPTTests.toy)([1, 2]) }
  }

  // MARK: Gradients and learning

  @Test(arguments: [Activation.geluTanh, .silu], [0, 0.2] as [Float])
  func wholeModelGradients(activation: Activation, dropout: Float) {
    let model = GPTTests.toyModel(
      .init(
        vocabularySize: 5, contextLength: 6, layers: 2, heads: 2, width: 8, intermediateSize: 6, activation: activation,
        dropout: dropout))
    // The smaller the vectors, the more does normalization bend along a step of the finite difference.
    model.tokenEmbedding.weight = model.tokenEmbedding.weight * 4
    model.positionEmbedding.weight = model.positionEmbedding.weight * 4
    let ids = IndexTensor([0, 3, 1, 4, 3, 3, 2, 0], shape: [2, 4])
    let targets = IndexTensor([3, 1, 4, -100, 3, 2, 0, 1], shape: [2, 4])
    let report = checkGradients(ofParameters: model.namedParameters, named: "GPT") { crossEntropy(model(ids), targets) }
    #expect(report.passed, "\(report)")
    #expect(report.largestDerivative > 1e-2)
    // Besides a few random directions, every coordinate of the small tensors.
    #expect(report.checks > 28 * 3)
  }

  @Test func everyParameterHasAGradient() {
    let model = GPTTests.toyModel()
    let ids = Samples.indices([3, 8], below: 7)
    let (_, gradients) = valueAndGradients { crossEntropy(model(ids), ids) }
    #expect(model.parameters.count == 28)
    for (name, variable) in model.namedParameters {
      #expect(gradients[variable]?.scalars.contains { $0 != 0 } == true, "\(name)")
    }
  }

  @Test func overfitsEightExamples() {
    let model = withSeed(1) {
      GPT(.init(vocabularySize: 11, contextLength: 8, layers: 2, heads: 2, width: 16))
    }
    let text = Samples.indices([8, 9], below: 11, seed: 3).indices
    func part(_ range: Range<Int>) -> IndexTensor {
      IndexTensor((0..<8).flatMap { row in range.map { text[row * 9 + $0] } }, shape: [8, 8])
    }
    let (inputs, targets) = (part(0..<8), part(1..<9))
    let optimizer = AdamW(model.parameters, learningRate: 1e-2, weightDecay: 0)
    let begin = crossEntropy(model(inputs), targets).scalar
    for _ in 0..<200 {
      let (_, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
      optimizer.step(gradients.clipped(toNorm: 1))
    }
    let end = crossEntropy(model(inputs), targets).scalar
    // It begins knowing nothing (log 11 = 2.40).
    #expect(abs(begin - 2.398) < 0.1, "\(begin)")
    #expect(end < 0.15, "\(end)")
  }

  @Test func dropoutActsInTrainingOnly() {
    var configuration = GPTTests.toy
    configuration.dropout = 0.5
    let (model, ids) = (GPTTests.toyModel(configuration), Samples.indices([1, 8], below: 7))
    #expect(model(ids) == GPTTests.toyModel()(ids))
    func training(_ seed: UInt64) -> Tensor { withSeed(seed) { withTrainingMode { model(ids) } } }
    #expect(training(1) == training(1) && training(1) != training(2) && training(1) != model(ids))
  }
}
