// The Transformer of 2017 beside PyTorch's nn.Transformer: outputs and all gradients, those of the inputs too.
// Read first: Tests/ApusFamiliesTests/Published/ModelFixture.swift.

import ApusLanguage
import ApusNN
import ApusTensor
import ApusTesting
import ApusText
import Foundation
import Testing

@Suite struct TransformerTests {
  private let fixture = ModelFixture(name: "torch/transformer")

  @Test func outputsAgree() throws {
    let outputs = try fixture.load().outputs(for: fixture.inputs())
    expectEqual(outputs.all, try fixture.tensors("outputs"), relativeToLargest: 2e-5, "output")
  }

  @Test func allGradientsAgree() throws {
    let loaded = try fixture.load()
    let expected = try fixture.tensors("gradients")
    let inputGradients = ["src", "tgt"].map { expected["inputs.\($0)"] }
    let largest = expected.values.map { $0.absoluteValue().scalars.max() ?? 0 }.max() ?? 0
    let (_, gradients) = try loaded.outputsAndGradients(for: fixture.inputs())
    #expect(expected.count == 66)
    expectEqual(gradients, expected, relativeToLargest: 1e-4, absolute: 1e-6 * max(1, largest), "gradient")

    // The inputs' gradients, at the model itself.
    let model = try #require(loaded.model as? Transformer)
    let inputs = try fixture.tensors("inputs")
    func padding(_ name: String) throws -> Tensor { 1 - (try #require(inputs[name])) }
    let (sourcePadding, targetPadding) = (try padding("src_key_padding_mask"), try padding("tgt_key_padding_mask"))
    let memoryPadding = try padding("memory_key_padding_mask")
    let (source, target) = (try #require(inputs["src"]), try #require(inputs["tgt"]))
    let (output, pullback) = valueWithPullback(at: [source, target]) { vectors in
      let memory = model.encode(vectors[0], mask: .padding(sourcePadding))
      var mask = AttentionMask.padding(targetPadding)
      // The fixture's mask is the causal one, given as a matrix.
      mask.causalOffset = 0
      return withTrainingMode(false) {
        model.decode(vectors[1], memory: .states(memory, mask: .padding(memoryPadding)), mask: mask)
      }
    }
    #expect(try padding("tgt_mask")[scalarAt: 0, 1] == 0 && padding("tgt_mask").sum().scalar == 21)
    expectEqual(
      [("output", output)], ["output": try #require(fixture.tensors("outputs")["output"])], relativeToLargest: 2e-5,
      "causal")
    let found = pullback(try #require(inputs["cotangent.output"]))
    for (actual, given) in zip(found, inputGradients) {
      let comparison = Comparison(actual, try #require(given), absolute: 1e-6, relativeToLargest: 1e-4)
      #expect(comparison.isClose, "gradient of an input: \(comparison)")
    }
  }

  @Test func theBaseModelHasThePapersSize() {
    // 65 million in the paper's table 3, with a vocabulary of about 37,000.
    let model = TextTransformer(
      vocabularySize: 100, width: 512, stacks: Transformer(intermediateSize: 2_048, hasFinalNorms: false))
    #expect(model.stacks.parameterCount == 44_138_496)
    #expect(model.parameterCount == 44_138_496 + 100 * 512)
    // PyTorch's, with its two norms more.
    #expect(Transformer(width: 8, heads: 2, layers: 1).parameterCount == 2_080)
  }

  private func toy(isPreNorm: Bool = false) -> TextTransformer {
    withSeed(3) {
      TextTransformer(
        vocabularySize: 11, width: 16,
        stacks: Transformer(width: 16, heads: 2, layers: 2, intermediateSize: 24, isPreNorm: isPreNorm, dropout: 0),
        dropout: 0)
    }
  }

  @Test(arguments: [false, true])
  func learnsToReverse(isPreNorm: Bool) {
    let model = toy(isPreNorm: isPreNorm)
    let sources = Samples.indices([8, 5], below: 9, seed: 4)
    let source = IndexTensor(sources.indices.map { $0 + 2 }, shape: [8, 5])
    let target = IndexTensor(
      (0..<8).flatMap { row in (0..<5).map { source.indices[row * 5 + 4 - $0] } }, shape: [8, 5])
    let start = IndexTensor(
      (0..<8).flatMap { row in [0] + (0..<4).map { target.indices[row * 5 + $0] } }, shape: [8, 5])
    var last = Float.infinity
    // Plain steps against the gradient: this floor does not know the optimizers.
    for _ in 0..<400 where last > 0.05 {
      let (loss, gradients) = valueAndGradients { crossEntropy(model(source, start), target) }
      let clipped = gradients.clipped(toNorm: 1)
      for parameter in model.parameters {
        if let gradient = clipped[parameter] { parameter.value = parameter.value - gradient * 0.3 }
      }
      last = loss.scalar
    }
    #expect(last < 0.05, "loss \(last)")
  }

  @Test func paddingOfTheSourceChangesNothing() {
    let model = toy()
    let target = IndexTensor([0, 3, 4], shape: [1, 3])
    let alone = model(IndexTensor([5, 6, 7], shape: [1, 3]), target)
    for (ids, tokens) in [([5, 6, 7, 0, 0], [1, 1, 1, 0, 0]), ([5, 6, 7, 9, 2], [1, 1, 1, 0, 0])]
      as [([Int32], [Int32])]
    {
      let padded = model(
        IndexTensor(ids, shape: [1, 5]), target, sourceTokens: IndexTensor(tokens, shape: [1, 5]))
      let comparison = Comparison(padded, alone, absolute: 1e-6, relativeToLargest: 1e-6)
      #expect(comparison.isClose, "\(comparison)")
    }
  }

  @Test func targetsDoNotSeeWhatComesAfter() {
    let model = toy()
    let source = IndexTensor([5, 6, 7], shape: [1, 3])
    let (a, b) = (
      model(source, IndexTensor([0, 3, 4, 2], shape: [1, 4])), model(source, IndexTensor([0, 3, 9, 8], shape: [1, 4]))
    )
    #expect(a.slice(0..<2, along: 1) == b.slice(0..<2, along: 1))
    #expect(a.slice(2..<3, along: 1) != b.slice(2..<3, along: 1))
  }
}
