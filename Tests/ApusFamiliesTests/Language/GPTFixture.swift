// What Hugging Face's GPT2LMHeadModel computed: the folder of its checkpoint, inputs, outputs, gradients.
// Read next: GPTParityTests.swift.

import ApusLanguage
import ApusTensor
import ApusWeights
import Foundation
import Testing

enum GPTFixture {
  /// Fixtures/gpt2_lm.
  static func folder() throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appendingPathComponent("gpt2_lm")
  }

  static func file(_ name: String) throws -> SafetensorsFile {
    try SafetensorsFile(contentsOf: folder().appendingPathComponent(name + ".safetensors"))
  }

  static func model() throws -> GPT { try GPT.load(contentsOf: folder()) }
}

/// A folder that is removed when the body is done.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-models-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
