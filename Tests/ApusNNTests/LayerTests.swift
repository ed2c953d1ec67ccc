// Results of layers that no table covers: padding rows, the scale of dropout, positions, caches.
// Read first: LayerGradientTests.swift for gradients, AttentionParityTests.swift for attention.

import ApusNN
import ApusTensor
import ApusTesting
import Foundation
import Testing

@Suite struct LayerTests {
  @Test func linearIsXTimesTheTransposedWeightPlusBias() {
    let layer = Linear(3, 2)
    layer.weight = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    layer.bias = Tensor([10, -100])
    #expect(layer(Tensor([1, 0, -1, 2, 2, 2], shape: [2, 3])) == Tensor([8, -102, 22, -70], shape: [2, 2]))
    let clipped = Linear(3, 2, activation: .relu)
    (clipped.weight, clipped.bias) = (layer.weight, layer.bias)
    #expect(clipped(Tensor([1, 0, -1])) == Tensor([8, 0]))
  }

  @Test(arguments: Activation.allCases)
  func fusedActivationIsTheActivationAfterwards(activation: Activation) {
    let x = Samples.normal([5, 3])
    let (plain, fused) = withSeed(1) { (Linear(3, 4), Linear(3, 4, activation: activation)) }
    (fused.weight, fused.bias) = (plain.weight, plain.bias)
    let comparison = Comparison(fused(x), activation(plain(x)), absolute: 1e-6, relativeToLargest: 1e-6)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func embeddingReadsThePaddingRowButDoesNotTrainIt() throws {
    let layer = Embedding(4, 2, padding: 1)
    let ids = IndexTensor([1, 3, 1, 0, 3], shape: [5])
    #expect(layer(ids).slice(0..<1) == layer.weight.slice(1..<2))
    let (_, looked) = valueAndGradients { layer(ids).sum() }
    #expect(looked[layer.$weight!] == Tensor([1, 1, 0, 0, 0, 0, 2, 2], shape: [4, 2]))
    // Through a tied output layer it is trained.
    let (_, scored) = valueAndGradients { layer.logits(Tensor([1, 2])).sum() }
    #expect(scored[layer.$weight!] == Tensor([1, 2, 1, 2, 1, 2, 1, 2], shape: [4, 2]))
  }

  @Test func dropoutKeepsTheMeanAndOnlyActsInTraining() {
    let (layer, x) = (Dropout(0.25), Tensor.ones([200, 50]))
    #expect(layer(x) == x)
    let dropped = withSeed(3) { withTrainingMode { layer(x) } }.scalars
    #expect(Set(dropped) == [0, 1 / Float(0.75)])
    // With 10,000 draws, the standard error of the fraction is 0.0043.
    let share = Double(dropped.count { $0 == 0 }) / Double(dropped.count)
    #expect(abs(share - 0.25) < 0.02, "\(share)")
    #expect(withSeed(3) { withTrainingMode { layer(x) } }.scalars == dropped)
    #expect(withSeed(4) { withTrainingMode { layer(x) } }.scalars != dropped)
  }

  @Test func dropoutOfTwoLayersDiffers() {
    let (layer, x) = (Dropout(0.5), Tensor.ones([64]))
    let (first, second) = withSeed(3) { withTrainingMode { (layer(x), layer(x)) } }
    #expect(first != second)
  }

  @Test func blocksDropTheResultsOfTheirParts() {
    let x = Samples.normal([2, 8, 4], seed: 3)
    let block = withSeed(1) { TransformerBlock(width: 4, heads: 2, dropout: 0.5, isPreNorm: true) }
    /// Whether every element of `dropped` is 0 or twice that of `plain`, and either happens.
    func expectDropped(_ dropped: Tensor, _ plain: Tensor, _ what: String) {
      let zeros = dropped.scalars.count { abs($0) < 1e-5 }
      let areRight = zip(dropped.scalars, plain.scalars).allSatisfy { abs($0) < 1e-5 || abs($0 - 2 * $1) < 1e-5 }
      #expect(areRight, "\(what)")
      #expect(zeros > 10 && zeros < 54, "\(what): \(zeros) of 64 dropped")
    }
    let feedForward = block.feedForward
    expectDropped(withSeed(5) { withTrainingMode { feedForward(x) } }, feedForward(x), "feed-forward network")
    // If the feed-forward network gives zeros, only the attention output is added to x.
    feedForward.contraction.weight = .zeros([4, 16])
    feedForward.contraction.bias = .zeros([4])
    let attended = block(x, mask: .causal) - x
    expectDropped(withSeed(5) { withTrainingMode { block(x, mask: .causal) } } - x, attended, "attention")
  }

  @Test func impossibleDropoutStops() async {
    await #expect(processExitsWith: .failure) { _ = Dropout(1) }
    await #expect(processExitsWith: .failure) { _ = Dropout(-0.1) }
  }

  @Test func layerNormNormalizesWithTheBiasedVariance() {
    let layer = LayerNorm(4, epsilon: 0)
    let y = layer(Tensor([1, 2, 3, 4, -10, -10, 10, 10], shape: [2, 4]))
    let unit = 1 / Float(1.25).squareRoot()
    let expected = Tensor([-1.5 * unit, -0.5 * unit, 0.5 * unit, 1.5 * unit, -1, -1, 1, 1], shape: [2, 4])
    let comparison = Comparison(y, expected, absolute: 1e-6)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func sequentialAppliesItsLayersInOrder() {
    let layer = Sequential {
      for factor in [2, 3] as [Float] { Scale(factor) }
      Tanh()
      if isTraining { Scale(0) } else { Scale(-1) }
    }
    #expect(layer.layers.count == 4)
    #expect(layer(Tensor([0.1, -0.2])) == -(Tensor([0.1, -0.2]) * 2 * 3).tanh())
  }

  @Test(arguments: [4, 5, 64])
  func sinusoidalPositionsFollowTheFormula(width: Int) {
    let table = SinusoidalPositions(width)(7, from: 1_000)
    #expect(table.shape == [7, width])
    for row in 0..<7 {
      for i in 0..<(width + 1) / 2 {
        let angle = Double(1_000 + row) / pow(10_000, 2 * Double(i) / Double(width))
        #expect(abs(Double(table[scalarAt: row, 2 * i]) - sin(angle)) < 1e-6)
        if 2 * i + 1 < width { #expect(abs(Double(table[scalarAt: row, 2 * i + 1]) - cos(angle)) < 1e-6) }
      }
    }
  }

  @Test func learnedPositionsAreRowsOfTheTable() async {
    let layer = LearnedPositions(5, 3)
    #expect(layer(5) == layer.weight)
    #expect(layer(2, from: 3) == layer.weight.slice(3..<5))
    await #expect(processExitsWith: .failure) { _ = LearnedPositions(5, 3)(3, from: 3) }
  }

  @Test func blockWithACacheIsTheBlockOnEverything() {
    let block = withSeed(1) { TransformerBlock(width: 8, heads: 2, activation: .geluTanh, isPreNorm: true) }
    let x = Samples.normal([2, 7, 8])
    let expected = block(x, mask: .causal)
    for chunks in [[7], [1, 1, 1, 1, 1, 1, 1], [3, 4], [5, 1, 1]] {
      let cache = KeyValueCache(batch: 2, capacity: 9, width: 8)
      var parts: [Tensor] = []
      for chunk in chunks { parts.append(block(x.slice(cache.count..<cache.count + chunk, along: 1), cache: cache)) }
      #expect(cache.count == 7)
      let comparison = Comparison(
        concatenated(parts, along: 1), expected, absolute: 1e-6, relativeToLargest: 1e-6)
      #expect(comparison.isClose, "\(chunks): \(comparison)")
    }
  }

  @Test func truncatedCacheForgets() {
    let attention = withSeed(1) { MultiheadAttention(4, heads: 2) }
    let x = Samples.normal([1, 4, 4])
    let cache = KeyValueCache(batch: 1, capacity: 4, width: 4)
    _ = attention(Samples.normal([1, 4, 4], seed: 9), to: .cache(cache))
    #expect(cache.count == cache.capacity)
    cache.truncate(to: 0)
    let comparison = Comparison(attention(x, to: .cache(cache)), attention(x, mask: .causal), absolute: 1e-6)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func fullCacheStops() async {
    await #expect(processExitsWith: .failure) {
      let cache = KeyValueCache(batch: 1, capacity: 2, width: 4)
      _ = MultiheadAttention(4, heads: 2)(.zeros([1, 3, 4]), to: .cache(cache))
    }
    await #expect(processExitsWith: .failure) {
      let cache = KeyValueCache(batch: 1, capacity: 2, width: 4)
      _ = MultiheadAttention(4, heads: 2, keySize: 3)(.zeros([1, 1, 4]), to: .cache(cache))
    }
    await #expect(processExitsWith: .failure) { _ = MultiheadAttention(5, heads: 2) }
  }

  @Test func meanSquaredErrorIsTheMeanOfSquares() async {
    #expect(meanSquaredError(Tensor([1, 2, 4]), Tensor([1, 0, 1])).scalar == Float(13) / 3)
    let report = checkGradients(
      of: { meanSquaredError($0[0], $0[1]) }, at: [Samples.normal([2, 3]), Samples.normal([2, 3], seed: 2)])
    #expect(report.passed && report.largestDerivative > 1e-3, "\(report)")
    await #expect(processExitsWith: .failure) { _ = meanSquaredError(.zeros([2]), .zeros([1, 2])) }
  }
}

/// Multiplies by a number.
private final class Scale: Layer {
  let factor: Float
  init(_ factor: Float) { self.factor = factor }
  func callAsFunction(_ x: Tensor) -> Tensor { x * factor }
}
