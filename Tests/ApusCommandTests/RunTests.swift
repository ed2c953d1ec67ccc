// Tests of `apus run`: the files that it writes for the fixtures, and one line for each problem.
// Read first: Sources/ApusCommand/Verbs/RunCommand.swift.

import ApusFiles
import ApusTensor
import ApusWeights
import Foundation
import Testing

@testable import ApusCommand

@Suite struct RunTests {
  /// A fixture folder of the model tests.
  private var model: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("ApusFamiliesTests/Fixtures/bert_pretraining")
  }

  private func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  private func run(_ words: [String]) throws {
    guard case .run(let verb) = Tool.apus.outcome(of: ["run"] + words) else {
      Issue.record("refused: \(words)")
      return
    }
    try verb.run()
  }

  @Test func writesOutputsAndGradients() throws {
    try withTemporaryFolder { folder in
      let (outputs, gradients) = (folder.path + "/out.safetensors", folder.path + "/grads.safetensors")
      let inputs = model.path + "/inputs.safetensors"
      try run([model.path, "--inputs", inputs, "--outputs", outputs, "--gradients", gradients])
      for (ours, theirs) in [(outputs, "outputs"), (gradients, "gradients")] {
        let found = try SafetensorsFile(contentsOf: URL(fileURLWithPath: ours))
        let expected = try SafetensorsFile(contentsOf: model.appendingPathComponent(theirs + ".safetensors"))
        #expect(Set(found.entries.map(\.name)) == Set(expected.entries.map(\.name)))
        for entry in expected.entries {
          #expect(found.entry(named: entry.name)?.shape == entry.shape, "\(entry.name)")
        }
      }
      let loss = try SafetensorsFile(contentsOf: URL(fileURLWithPath: outputs)).tensor(named: "loss").scalar
      let expected = try SafetensorsFile(contentsOf: model.appendingPathComponent("outputs.safetensors"))
      let difference = abs(loss - (try expected.tensor(named: "loss").scalar))
      #expect(difference < 1e-4)
    }
  }

  @Test func nothingIsWrittenIfAnythingIsWrong() throws {
    try withTemporaryFolder { folder in
      let outputs = folder.path + "/out.safetensors"
      let inputs = model.path + "/inputs.safetensors"
      let wrong: [[String]] = [
        [model.path, "--inputs", folder.path + "/none.safetensors", "--outputs", outputs],
        [folder.path, "--inputs", inputs, "--outputs", outputs],
        [model.path, "--inputs", model.path + "/outputs.safetensors", "--outputs", outputs],
        [model.path, "--inputs", inputs, "--outputs", outputs, "--head", "BertForQuestionAnswering"],
      ]
      for words in wrong { #expect(throws: FileFormatError.self) { try run(words) } }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }

  @Test func badCommandLines() throws {
    func refusals(_ words: [String]) -> [String] {
      if case .refuse(let lines) = Tool.apus.outcome(of: ["run"] + words) { lines } else { [] }
    }
    #expect(
      refusals([]) == [
        "apus run: MODEL_DIR is missing (folder with config.json and model.safetensors, or its shards)"
      ])
    #expect(
      refusals(["m"]) == [
        "apus run: --inputs: expected the path of a safetensors file, found nothing",
        "apus run: --outputs: expected the path of a safetensors file, found nothing",
      ])
    #expect(
      refusals(["m", "--inputs", "i", "--outputs", "/no/such/folder/o"]) == [
        "apus run: --outputs: expected a file in an existing folder, found no folder /no/such/folder"
      ])
    #expect(
      refusals(["m", "--inputs", "i", "--outputs", "o", "--gradients", "./o"]) == [
        "apus run: --gradients: expected a file other than that of --outputs, found the same file"
      ])
  }
}
