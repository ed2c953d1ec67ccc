// `apus search`: the lines of a file that mean what was asked for, whatever their words.
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
  static let summary = "Find the lines of a text file that are closest in meaning to a query."
  static let details = """
    Prints the best lines, best first: how alike line and query are (the cosine of the angle between their vectors, at \
    most 1), the number of the line, and the line. Empty lines are passed over; of equal lines the first is printed. A \
    model that was trained with prompts for queries and documents gets them.
    """

  @Positional("FILE", help: "a text file, or - for standard input; each line is compared with the query")
  var file: Path
  @Positional("QUERY", help: "what to look for") var query: String
  @Option("model", placeholder: "MODEL_DIR", help: "a folder with a sentence-embedding model and its tokenizer")
  var model: Path? = nil
  @Option("top", .atLeast(1), help: "how many lines to print") var top = 10

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

  /// The lines that are not empty, without space around them, each once, with their numbers from 1.
  static func lines(of text: String) -> [(number: Int, text: String)] {
    var seen: Set<String> = []
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
      let line = line.trimmingCharacters(in: .whitespaces)
      return line.isEmpty || !seen.insert(line).inserted ? nil : (index + 1, line)
    }
  }
}
