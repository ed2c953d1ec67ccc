// `apus search`: finds the lines of a file that are closest in meaning to a query.
// Read first: EmbedCommand.swift.

import ApusCharts
import ApusFiles
import ApusLanguage
import ApusNN
import ApusTensor
import ApusText
import Foundation

struct SearchCommand: Verb {
  static let name = "search"
  static let summary = "Find the lines of a text file closest in meaning to a query"
  static let details = """
    Prints the best matches, best first: the cosine similarity of line and query (at most 1), the line number and \
    the line. Empty lines are skipped, and of identical lines only the first is printed. If the model was trained \
    with prompts for queries and documents, they are used.
    """

  @Positional("FILE", help: "text file, or - for standard input; each line is compared with the query")
  var file: Path
  @Positional("QUERY", help: "text to search for") var query: String
  @Option(
    "model", placeholder: "MODEL_DIR", help: "folder with a sentence-embedding model and its tokenizer (required)")
  var model: Path? = nil
  @Option("top", .atLeast(1), help: "number of lines to print") var top = 10

  func problems() -> [String] {
    var problems: [String] = []
    if model == nil { problems.append("--model: expected the folder of a model, found nothing") }
    if query.allSatisfy(\.isWhitespace) { problems.append("QUERY: expected some words, found none") }
    return problems
  }

  func run() throws {
    guard let folder = model else { return }
    let isStandardInput = file.text == "-"
    let text = isStandardInput ? try SearchCommand.standardInput() : try TextFile.read(file.url)
    let lines = SearchCommand.lines(of: text)
    guard !lines.isEmpty else {
      let name = isStandardInput ? "standard input" : file.text
      throw CommandFailure("\(name): expected text, found \(text.isEmpty ? "nothing" : "only empty lines")")
    }
    let model = try TextModel(folder.url)
    let prompts = model.embedder.prompts
    let asked = try model.vectors(of: [query], "queries", prompt: prompts.forQueries).normalizedToUnitLength()
    let vectors = try model.vectors(of: lines.map(\.text), "lines", prompt: prompts.forDocuments)
    let scores = vectors.normalizedToUnitLength().matmul(asked, transposing: .second).scalars
    let best = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(top)
    let digits = best.map { String(lines[$0].number).count }.max() ?? 1
    var output = OutputBuffer.standardOutput
    for index in best {
      let number = String(lines[index].number).leftPadded(to: digits)
      output.append("\(Format.fixed(Double(scores[index]), 3))  \(number)  \(lines[index].text)")
      try output.endLine()
    }
    try output.flush()
  }

  private static func standardInput() throws -> String {
    var (lines, text) = (InputLines.standardInput, "")
    while let line = try lines.next() {
      text += line.hasSuffix("\r") ? line.dropLast() : line[...]
      text += "\n"
    }
    return text
  }

  /// The distinct nonempty lines, trimmed, with their line numbers counted from 1.
  static func lines(of text: String) -> [(number: Int, text: String)] {
    var seen: Set<String> = []
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      let line = line.trimmingCharacters(in: .whitespaces)
      return line.isEmpty || !seen.insert(line).inserted ? nil : (index + 1, line)
    }
  }
}
