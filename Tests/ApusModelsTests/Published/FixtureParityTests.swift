// Every published family beside Hugging Face's library: all outputs, the loss, all gradients.
// Read first: ModelFixture.swift. A new family needs its fixture folder, and its line in the list below.

import ApusData
import ApusModels
import ApusTensor
import Testing

@Suite struct FixtureParityTests {
  /// The walk must not pass because it found nothing.
  @Test func everyFamilyHasItsFixture() {
    let found = Set(ModelFixture.all.map(\.name))
    let expected: Set = [
      "gpt2_lm", "bert_model", "bert_pretraining", "bert_sequence_classification", "bert_token_classification",
      "roberta_masked_lm", "distilbert_sequence_classification",
    ]
    #expect(expected.isSubset(of: found), "missing: \(expected.subtracting(found))")
  }

  @Test(arguments: ModelFixture.all) func outputsAgree(_ fixture: ModelFixture) throws {
    let outputs = try fixture.load().outputs(for: fixture.inputs())
    expectEqual(outputs.all, try fixture.tensors("outputs"), relativeToLargest: 2e-5, "\(fixture.name), output")
  }

  @Test(arguments: ModelFixture.all) func gradientsAgree(_ fixture: ModelFixture) throws {
    let (outputs, gradients) = try fixture.load().outputsAndGradients(for: fixture.inputs())
    expectEqual(outputs.all, try fixture.tensors("outputs"), relativeToLargest: 2e-5, "\(fixture.name), output")
    let expected = try fixture.tensors("gradients")
    // Where the true gradient is zero (key biases) both sides have rounding noise of the size of its neighbours'.
    let largest = expected.values.map { $0.absoluteValue().scalars.max() ?? 0 }.max() ?? 0
    expectEqual(
      gradients, expected, relativeToLargest: 1e-4, absolute: 1e-6 * max(1, largest), "\(fixture.name), gradient")
  }
}
