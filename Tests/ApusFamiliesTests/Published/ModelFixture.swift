// A folder with a model of Hugging Face's library, inputs, and what the library computed with them.
// Read next: FixtureParityTests.swift.

import Apus
import ApusPublished
import ApusTensor
import ApusTesting
import ApusWeights
import Foundation
import Testing

/// One folder of Fixtures, or of Fixtures/heads (made by encoder_heads.py), with torch 2.15 and transformers 5.23.
struct ModelFixture: CustomTestStringConvertible {
  let name: String

  var testDescription: String { name }

  static var root: URL {
    guard let root = Bundle.module.url(forResource: "Fixtures", withExtension: nil) else {
      fatalError("the fixtures are not where the tests are")
    }
    return root
  }

  /// Every folder with a model, inputs, outputs and gradients.
  static var all: [ModelFixture] {
    func list(_ folder: String) -> [String] {
      let names = try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
      return (names ?? []).map { folder + $0 }
    }
    return (list("") + list("heads/")).sorted().map { ModelFixture(name: $0) }.filter { fixture in
      ["config.json", "inputs.safetensors", "outputs.safetensors", "gradients.safetensors"].allSatisfy {
        FileManager.default.fileExists(atPath: fixture.folder.appendingPathComponent($0).path)
      }
    }
  }

  var folder: URL { ModelFixture.root.appendingPathComponent(name) }

  func file(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(contentsOf: folder.appendingPathComponent(name + ".safetensors"))
  }

  func inputs() throws -> ModelInputs {
    try ModelInputs(contentsOf: folder.appendingPathComponent("inputs.safetensors"))
  }

  func tensors(_ name: String) throws -> [String: Tensor] {
    let file = try file(name)
    return Dictionary(uniqueKeysWithValues: try file.entries.map { ($0.name, try file.tensor(named: $0.name)) })
  }

  /// Whether a token's vector depends on nothing but tokens: in a causal model with padding in front, the padding sees no
  /// token, and what becomes of it means nothing.
  var isPaddingComparable: Bool { name != "heads/gpt2_model" }

  func load(head: String? = nil) throws -> LoadedModel { try LoadedModel(contentsOf: folder, head: head) }
}

/// Expects tensors of the same names, and their elements within the tolerance.
func expectEqual(
  _ actual: [(name: String, tensor: Tensor)], _ expected: [String: Tensor], relativeToLargest: Float,
  absolute: Float = 1e-6, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  let found = Dictionary(actual.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
  #expect(Set(found.keys) == Set(expected.keys), "names of \(what)", sourceLocation: sourceLocation)
  for (name, tensor) in expected {
    guard let other = found[name] else { continue }
    guard other.shape == tensor.shape else {
      Issue.record("\(what) \(name): shape \(other.shape), expected \(tensor.shape)", sourceLocation: sourceLocation)
      continue
    }
    let comparison = Comparison(other, tensor, absolute: absolute, relativeToLargest: relativeToLargest)
    #expect(comparison.isClose, "\(what) \(name): \(comparison)", sourceLocation: sourceLocation)
  }
}
