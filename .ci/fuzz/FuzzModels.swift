// Fuzzes the configurations of all model families, up to the initialization of the models.
// Read first: FuzzConfigurations.swift; Sources/ApusFiles/JSON/ConfigurationReader+Sizes.swift, the code under test.

import Foundation

@testable import Apus
@testable import ApusFiles
@testable import ApusNN
@testable import ApusPublished
@testable import ApusWeights

/// A published folder from the tests' fixtures: its configuration and its weights.
private struct Fixture {
  let fields: [String: JSONDocument]
  let weights: ModelWeights
  let family: ModelFamily

  init?(_ folder: URL, _ family: ModelFamily) {
    guard let fields = try? JSONDocument(contentsOf: folder.appending(path: "config.json")).members,
      case .string(let type)? = fields["model_type"], family.modelTypes.contains(type),
      let weights = try? ModelWeights(inFolder: folder)
    else { return nil }
    (self.fields, self.weights, self.family) = (fields, weights, family)
  }
}

/// One folder for each family that has a fixture, in the order of the registry.
private let fixtures: [Fixture] = {
  let root = URL(
    filePath: ProcessInfo.processInfo.environment["APUS_FUZZ_MODELS"] ?? "Tests/ApusFamiliesTests/Fixtures")
  let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
  let folders = files.filter { $0.lastPathComponent == "config.json" }.map { $0.deletingLastPathComponent() }
    .sorted { $0.path < $1.path }
  let found = ModelFamily.all.compactMap { family in folders.lazy.compactMap { Fixture($0, family) }.first }
  guard found.count >= 11 else { fatalError("APUS_FUZZ_MODELS: only \(found.count) families in \(root.path)") }
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
