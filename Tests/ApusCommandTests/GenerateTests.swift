// `apus generate`: what its options may say together, and what is refused. The texts are tested in ApusModelsTests.
// Read first: ArgumentTests.swift.

import Foundation
import Testing

@testable import ApusCommand

@Suite struct GenerateTests {
  /// What is printed for a command line that is refused.
  private func refusals(_ words: String) -> [String] {
    let line = ["generate"] + words.split(separator: " ").map(String.init)
    guard case .refuse(let lines) = Tool.apus.outcome(of: line) else { return [] }
    return lines
  }

  private func isAccepted(_ words: String) -> Bool {
    let line = ["generate"] + words.split(separator: " ").map(String.init)
    if case .run = Tool.apus.outcome(of: line) { return true }
    return false
  }

  @Test func promptsComeOneWay() {
    #expect(refusals("x") == ["apus generate: --prompt: expected either a prompt or --input-ids, found neither"])
    #expect(
      refusals("x --prompt a --input-ids 1")
        == ["apus generate: --prompt: expected either a prompt or --input-ids, found both"])
    #expect(
      refusals("x --input-ids 1,b")
        == ["apus generate: --input-ids: expected whole numbers with commas between them, found '1,b'"])
    for ids in ["1,,2", "1,-2", "4294967296", ","] { #expect(refusals("x --input-ids \(ids)").count == 1, "\(ids)") }
    #expect(isAccepted("x --input-ids 1,2,3 --print-ids") && isAccepted("x --prompt hello"))
  }

  @Test func waysOfChoosingExcludeEachOther() {
    #expect(refusals("x --prompt a --greedy --top-k 3").count == 1)
    #expect(refusals("x --prompt a --greedy --beams 2").count == 1)
    #expect(refusals("x --prompt a --beams 2 --temperature 1").count == 1)
    #expect(refusals("x --prompt a --top-p 1.5").count == 1 && refusals("x --prompt a --min-p 2").count == 1)
    #expect(refusals("x --prompt a --top-p 0").count == 1 && refusals("x --prompt a --max-new-tokens 0").count == 1)
    #expect(isAccepted("x --prompt a --greedy --beams 1 --repetition-penalty 1.2"))
    #expect(isAccepted("x --prompt a --top-k 40 --top-p 0.9 --min-p 0.05 --temperature 0.8 --seed 3"))
  }
}
