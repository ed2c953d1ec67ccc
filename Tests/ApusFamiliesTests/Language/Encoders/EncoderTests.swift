// What an encoder must be, whatever its weights: sizes, padding that changes nothing, a right gradient, learning.
// Read next: Tests/ApusFamiliesTests/Published/FixtureParityTests.swift, for values.

import ApusLanguage
import ApusNN
import ApusTensor
import ApusTesting
import ApusText
import ApusTraining
import Testing

@Suite struct EncoderTests {
  static let toy = BERT.Configuration(
    vocabularySize: 11, contextLength: 10, layers: 2, heads: 2, width: 8, intermediateSize: 12, dropout: 0,
    epsilon: 1e-6)

  /// A model whose weights are large enough to tell everything apart.
  static func loud<Model: Module>(_ model: Model, seed: UInt64 = 1) -> Model {
    for (index, parameter) in model.parameters.enumerated() {
      parameter.value =
        parameter.value + Samples.normal(parameter.value.shape, seed: seed &* 1_000 + UInt64(index)) * 0.3
    }
    return model
  }

  @Test func publishedParameterCounts() {
    withoutInitialValues {
      #expect(BERT(.base).parameterCount == 109_482_240)
      #expect(BERT(.miniLM).parameterCount == 22_713_216)
      let roberta = BERT.Configuration(
        vocabularySize: 50_265, contextLength: 514, types: 1, padding: 1, hasPooler: false)
      #expect(RoBERTa(roberta).parameterCount == 124_055_040)
      #expect(DistilBERT(.init(layers: 6)).parameterCount == 66_362_880)
    }
  }

  /// The same texts alone, with padding behind, with padding in front: BERT and DistilBERT need positions for the last.
  @Test func paddingChangesNothing() {
    let text: [Int32] = [4, 9, 2, 7]
    func close(_ a: Tensor, _ b: Tensor, _ what: String) {
      let comparison = Comparison(a, b, absolute: 1e-6, relativeToLargest: 2e-6)
      #expect(comparison.isClose, "\(what): \(comparison)")
    }
    let behind = (
      ids: IndexTensor(text + [3, 3], shape: [1, 6]), tokens: IndexTensor([1, 1, 1, 1, 0, 0], shape: [1, 6])
    )
    let front = (
      ids: IndexTensor([3, 3] + text, shape: [1, 6]), tokens: IndexTensor([0, 0, 1, 1, 1, 1], shape: [1, 6])
    )
    let alone = IndexTensor(text, shape: [1, 4])
    let bert = Self.loud(BERT(Self.toy))
    close(bert(behind.ids, tokens: behind.tokens).slice(0..<4, along: 1), bert(alone), "BERT behind")
    let positions = IndexTensor([0, 0, 0, 1, 2, 3], shape: [1, 6])
    let states = bert.hiddenStates(front.ids, positions: positions, tokens: front.tokens)
    close(states.slice(2..<6, along: 1), bert(alone), "BERT in front")
    var sizes = Self.toy
    sizes.padding = 3
    let roberta = Self.loud(RoBERTa(sizes))
    close(roberta(behind.ids, tokens: behind.tokens).slice(0..<4, along: 1), roberta(alone), "RoBERTa behind")
    close(roberta(front.ids, tokens: front.tokens).slice(2..<6, along: 1), roberta(alone), "RoBERTa in front")
    let distil = Self.loud(DistilBERT(Self.toy))
    close(distil(behind.ids, tokens: behind.tokens).slice(0..<4, along: 1), distil(alone), "DistilBERT behind")
  }

  @Test func everyTokenSeesEveryOther() {
    let model = Self.loud(BERT(Self.toy))
    let text: [Int32] = [4, 9, 2, 7]
    let states = model(IndexTensor(text, shape: [1, 4]))
    for changed in 0..<4 {
      var other = text
      other[changed] = 5
      let difference = (model(IndexTensor(other, shape: [1, 4])) - states).absoluteValue().max(along: 2).scalars
      #expect(difference.allSatisfy { $0 > 1e-4 }, "token \(changed): \(difference)")
    }
  }

  @Test func gradientsAgreeWithFiniteDifferences() {
    let model = Self.loud(
      MaskedLanguageModel(
        BERT(Self.toy),
        .init(activation: .gelu, epsilon: 1e-6, hasNextSentence: true, names: [], aliases: [])))
    let ids = IndexTensor([4, 9, 2, 7, 1, 8], shape: [2, 3])
    let tokens = IndexTensor([1, 1, 1, 1, 1, 0], shape: [2, 3])
    let report = checkGradients(ofParameters: model.namedParameters, named: "BERT") {
      let states = model.encoder(ids, tokens: tokens)
      let words = crossEntropy(model(states), IndexTensor([3, -100, 5, 6, -100, -100], shape: [2, 3]))
      guard let next = model.nextSentence, let vector = model.encoder.pooled(states) else { return words }
      return words + crossEntropy(next(vector), [0, 1])
    }
    #expect(report.passed, "\(report)")
  }

  @Test func eightTextsAreLearnedByHeart() {
    let model = withSeed(3) { SequenceClassifier(BERT(Self.toy), classes: 3, head: []) }
    let ids = IndexTensor((0..<32).map { Int32(($0 * 7 + $0 / 4) % 11) }, shape: [8, 4])
    let classes: IndexTensor = [0, 1, 2, 0, 2, 1, 1, 0]
    let optimizer = AdamW(model.parameters, learningRate: 1e-2, weightDecay: 0)
    var loss: Float = 1
    for _ in 0..<60 {
      let result = valueAndGradients { crossEntropy(model(model.encoder(ids)), classes) }
      optimizer.step(result.gradients)
      loss = result.value.scalar
    }
    #expect(loss < 0.02)
  }
}
