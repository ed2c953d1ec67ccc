// Tests of `apus embed` and `apus search`: their arguments, and the lines that are searched.
// Read first: Sources/ApusCommand/Verbs/EmbedCommand.swift, SearchCommand.swift.

import Testing

@testable import ApusCommand

@Suite struct SentenceCommandTests {
  private func refusals(_ words: [String]) -> [String] {
    if case .refuse(let lines) = Tool.apus.outcome(of: words) { lines } else { [] }
  }

  @Test func allRemainingWordsAreSentences() throws {
    let outcome = Tool.apus.outcome(of: ["embed", "model", "one", "--similarity", "two words", "--", "--three"])
    guard case .run(let verb as EmbedCommand) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(verb.folder.text == "model")
    #expect(verb.sentences == ["one", "two words", "--three"])
    #expect(verb.isCompared)
  }

  @Test func badCommandLines() {
    #expect(
      refusals(["embed"]) == [
        "apus embed: MODEL_DIR is missing (folder with config.json, model.safetensors and tokenizer.json)"
      ])
    #expect(
      refusals(["embed", "m", "a", "--similarity", "--out", "f"]) == [
        "apus embed: --out: cannot be combined with --similarity"
      ])
    #expect(
      refusals(["search", "file", " "]) == [
        "apus search: --model: expected the folder of a model, found nothing",
        "apus search: QUERY: expected some words, found none",
      ])
  }

  @Test func helpNamesTheWords() {
    guard case .print(let help) = Tool.apus.outcome(of: ["embed", "--help"]) else {
      Issue.record("no help")
      return
    }
    #expect(help.contains("Usage: apus embed MODEL_DIR [SENTENCE …] [options]"))
  }

  @Test func emptyAndRepeatedLinesAreLeftOut() {
    let lines = SearchCommand.lines(of: "first\n\n  second \nfirst\n\t\nthird")
    #expect(lines.map(\.number) == [1, 3, 6])
    #expect(lines.map(\.text) == ["first", "second", "third"])
    #expect(SearchCommand.lines(of: " \n\n").isEmpty)
  }
}
