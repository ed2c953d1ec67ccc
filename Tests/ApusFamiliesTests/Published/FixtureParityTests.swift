// Every published family beside Hugging Face's library: all outputs, the loss, all gradients.
// Read first: ModelFixture.swift.

import Apus
import ApusNN
import ApusPublished
import ApusTensor
import ApusText
import ApusWeights
import Foundation
import Testing

@Suite struct FixtureParityTests {
  /// Heads that other tests compare with references: LlamaTests, VisionTests and TransformerTests.
  private static let testedElsewhere: Set = ["Llama", "LlamaModel", "Transformer", "ViT", "ViTModel"]

  /// A new family or head needs a fixture folder, which this walk finds by the architecture in its config.json.
  @Test func everyHeadHasItsFixture() throws {
    let found = try Set(ModelFixture.all.map { try $0.load().head })
    for family in ModelFamily.all {
      for head in family.heads where found.isDisjoint(with: head.architectures) {
        let names = head.architectures.joined(separator: ", ")
        #expect(Self.testedElsewhere.isSuperset(of: head.architectures), "\(family.title): no fixture for \(names)")
      }
    }
    #expect(Self.testedElsewhere.isDisjoint(with: found))
  }

  private func expectOutputs(_ outputs: ModelOutputs, _ fixture: ModelFixture) throws {
    var (found, expected) = (outputs.all, try fixture.tensors("outputs"))
    if !fixture.isPaddingComparable {
      let mask = try fixture.file("inputs").tensor(named: "attention_mask")
      let tokens = mask.reshaped(to: [mask.shape[0], mask.shape[1], 1])
      found = found.map { ($0.name, $0.tensor * tokens) }
      expected = expected.mapValues { $0 * tokens }
    }
    expectEqual(found, expected, relativeToLargest: 2e-5, "\(fixture.name), output")
  }

  @Test(arguments: ModelFixture.all) func outputsAgree(_ fixture: ModelFixture) throws {
    try expectOutputs(fixture.load().outputs(for: fixture.inputs()), fixture)
  }

  @Test(arguments: ModelFixture.all) func gradientsAgree(_ fixture: ModelFixture) throws {
    let (outputs, gradients) = try fixture.load().outputsAndGradients(for: fixture.inputs())
    try expectOutputs(outputs, fixture)
    let expected = try fixture.tensors("gradients")
    // Where the true gradient is zero (key biases) both sides have rounding noise of the size of its neighbours'.
    let largest = expected.values.map { $0.absoluteValue().scalars.max() ?? 0 }.max() ?? 0
    expectEqual(
      gradients, expected, relativeToLargest: 1e-4, absolute: 1e-6 * max(1, largest), "\(fixture.name), gradient")
  }

  @Test(arguments: ModelFixture.all) func whatIsSavedLoadsAgain(_ fixture: ModelFixture) throws {
    try withTemporaryFolder { folder in
      let config = "config.json"
      try FileManager.default.copyItem(
        at: fixture.folder.appendingPathComponent(config), to: folder.appendingPathComponent(config))
      let loaded = try fixture.load()
      try loaded.model.saveWeights(to: folder.appendingPathComponent("model.safetensors"))
      let again = try LoadedModel(contentsOf: folder)
      #expect(again.head == loaded.head)
      let (before, after) = (loaded.model.stateDictionary, again.model.stateDictionary)
      #expect(before.names == after.names && !before.names.isEmpty)
      for (old, new) in zip(before.entries, after.entries) {
        #expect(old.tensor.scalars == new.tensor.scalars, "\(fixture.name), \(old.name)")
      }
    }
  }
}
