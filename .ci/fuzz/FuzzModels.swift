// Fuzzes the configurations of all model families, up to the initialization of the models.
// Read first: FuzzConfigurations.swift; Sources/ApusData/Models/ConfigurationReader+Sizes.swift, the code under test.

import Foundation

@testable import ApusData
@testable import ApusModels
@testable import ApusNN

/// A model folder of the test fixtures, with its configuration and weights.
private struct Fixture {
  let fields: [String: JSONDocument]
  let weights: ModelWeights
  let family: PublishedFamily

  init?(_ folder: URL) {
    guard let fields = try? JSONDocument(contentsOf: folder.appending(path: "config.json")).members,
      case .string(let type)? = fields["model_type"], let weights = try? ModelWeights(inFolder: folder),
      let family = PublishedFamily.all.first(where: { $0.modelType == type })
    else { return nil }
    (self.fields, self.weights, self.family) = (fields, weights, family)
  }
}

/// One model folder for each family.
private let fixtures: [Fixture] = {
  let root = URL(filePath: ProcessInfo.processInfo.environment["APUS_FUZZ_MODELS"] ?? "Tests/ApusModelsTests/Fixtures")
  let names = [
    "bert_model", "roberta_masked_lm", "distilbert_sequence_classification", "gpt2_lm", "llama_lm", "t5_relu", "bart",
    "marian", "vit_image_classification", "clip", "torch/transformer",
  ]
  let found = names.compactMap { Fixture(root.appending(path: $0)) }
  guard found.count == names.count else { fatalError("APUS_FUZZ_MODELS: some models are missing in \(root.path)") }
  return found
}()

/// The first byte selects the family, the second its head. The other bytes are JSON fields that replace those of the
/// configuration, so that a few bytes can have a large effect.
func fuzzModels(_ input: [UInt8]) {
  guard input.count > 2, let changes = document(Array(input.dropFirst(2)))?.members else { return }
  let fixture = fixtures[Int(input[0]) % fixtures.count]
  let heads = fixture.family.heads
  let head = heads[Int(input[1]) % heads.count]
  let fields = fixture.fields.merging(changes) { old, new in
    // Nested objects are merged, too.
    guard let inner = old.members, let other = new.members else { return new }
    return JSONDocument(members: inner.merging(other) { $1 })
  }
  do throws(FileFormatError) {
    let configuration = try ConfigurationReader(JSONDocument(members: fields), path: "config.json")
    let folder = ModelFolder(configuration: configuration, weights: fixture.weights)
    // The model is made without memory. Matching it with the tensors is omitted: it reads no configuration, and would
    // take most of the time.
    _ = try withoutInitialValues { () throws(FileFormatError) in try head.make(folder) }
    try configuration.check()
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
  }
}
