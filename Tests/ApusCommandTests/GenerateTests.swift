// Tests of `apus generate`: combinations of options, and printing. Generation itself is tested in ApusFamiliesTests.
// Read first: ArgumentTests.swift.

import Foundation
import Testing

@testable import ApusCommand

@Suite struct GenerateTests {
  /// The error lines for an invalid command line; empty if it is valid.
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
    #expect(refusals("x") == ["apus generate: expected either --prompt or --input-ids, found neither"])
    #expect(
      refusals("x --prompt a --input-ids 1")
        == ["apus generate: expected either --prompt or --input-ids, found both"])
    #expect(
      refusals("x --input-ids 1,b")
        == ["apus generate: --input-ids: expected token IDs separated by commas, found '1,b'"])
    for ids in ["1,,2", "1,-2", "4294967296", ","] { #expect(refusals("x --input-ids \(ids)").count == 1, "\(ids)") }
    #expect(isAccepted("x --input-ids 1,2,3 --print-ids") && isAccepted("x --prompt hello"))
  }

  @Test func waysOfChoosingExcludeEachOther() {
    #expect(refusals("x --prompt a --greedy --top-k 3").count == 1)
    #expect(refusals("x --prompt a --greedy --beams 2").count == 1)
    #expect(refusals("x --prompt a --beams 2 --temperature 1").count == 1)
    #expect(refusals("x --prompt a --beams 1025").count == 1 && refusals("x --prompt a --beams 0").count == 1)
    #expect(refusals("x --prompt a --top-p 1.5").count == 1 && refusals("x --prompt a --min-p 2").count == 1)
    #expect(refusals("x --prompt a --top-p 0").count == 1 && refusals("x --prompt a --max-new-tokens 0").count == 1)
    #expect(isAccepted("x --prompt a --greedy --beams 1 --repetition-penalty 1.2"))
    #expect(isAccepted("x --prompt a --top-k 40 --top-p 0.9 --min-p 0.05 --temperature 0.8 --seed 3"))
  }
}

@Suite struct GeneratedTextTests {
  /// Behaves like the tokenizers of llama2.c and SentencePiece: a word begins with a space, except at the start of a
  /// text.
  private static var codec: TextCodec {
    TextCodec(
      encode: { _ in [] },
      stream: { prompt in
        var isFirst = prompt.allSatisfy { $0 == 0 }
        return { token in
          guard let token else { return "" }
          let text = ["", " Tim", " and", " Lily", "s"][Int(token)]
          defer { isFirst = false }
          return isFirst ? String(text.dropFirst()) : text
        }
      })
  }

  private func written(_ ids: [Int32], after prompt: [Int32], stop: String? = nil) throws -> String {
    var shown: [UInt8] = []
    var text = GeneratedText(codec: Self.codec, stop: stop, continuing: prompt, output: OutputBuffer { shown += $0 })
    for id in ids { if try !text.add(id) { break } }
    try text.finish(prompt + ids)
    return String(decoding: shown, as: UTF8.self)
  }

  @Test func theSpaceBehindThePromptIsKept() throws {
    #expect(try written([2, 3], after: [0, 1]) == " and Lily\n")
    #expect(try written([4, 2, 3], after: [0, 1]) == "s and Lily\n")
    #expect(try written([2, 3], after: []) == "and Lily\n")
    #expect(try written([2, 3], after: [0]) == "and Lily\n")
    #expect(try written([2, 3], after: Array(repeating: 1, count: 40)) == " and Lily\n")
  }

  @Test func theTextToStopAtIsNotShown() throws {
    #expect(try written([2, 3, 4], after: [1], stop: "Lil") == " and \n")
    #expect(try written([2, 3, 4], after: [1], stop: "Lilyx") == " and Lilys\n")
    #expect(try written([2], after: [1], stop: "Tim") == " and\n")
    #expect(try written([1, 2, 3], after: [1], stop: " and Lily") == " Tim\n")
    #expect(try written([4, 4, 4, 1], after: [1], stop: "ss T") == "s\n")
  }

  @Test func outputThatCannotBeWrittenIsAnError() {
    var text = GeneratedText(
      codec: Self.codec, stop: nil, output: OutputBuffer { _ in throw CommandFailure.outputFailed(28) })
    let error = #expect(throws: CommandFailure.self) { _ = try text.add(1) }
    #expect(error?.lines == ["standard output: \(String(cString: strerror(28)))"])
  }
}
