// `apus tokenize`: texts to tokens and back, to check a tokenizer against other software or to prepare a corpus.
// Read first: ApusData/Text/Tokenizer/Tokenizer.swift. Read next: ../Terminal/InputLines.swift.

import ApusText
import Foundation

struct TokenizeCommand: Verb {
  static let name = "tokenize"
  static let summary = "Turn texts into tokens with the tokenizer of a folder, or tokens into texts."
  static let details = """
    Without texts on the command line they are read from standard input, one a line. A line ends at a newline only; all \
    else, spaces and carriage returns too, is text. An empty line is an empty text.

    With --json every text becomes one line: {"ids":[…],"tokens":[…],"offsets":[[start,end],…]}, offsets in Unicode \
    scalars of the text that a token is from. With --decode --json it is {"text":"…"}.
    """

  @Positional(
    "MODEL_DIR", help: "a folder with tokenizer.json, vocab.txt, vocab.json and merges.txt, or a SentencePiece model")
  var folder: Path
  @Words("TEXT", help: "what to turn into tokens; ids with --decode") var texts
  @Flag("json", help: "print one JSON object a line") var isJSON
  @Flag("decode", help: "turn lines of ids, with commas or spaces between them, into texts") var isDecoding
  @Flag("no-special-tokens", help: "add no special tokens; with --decode, leave them out") var hasNoSpecialTokens
  @Option("pair", placeholder: "TEXT", help: "the second text of every pair") var pair: String? = nil

  func problems() -> [String] {
    if isDecoding, pair != nil { return ["--pair: expected texts to turn into tokens, found --decode"] }
    if texts.isEmpty, isatty(STDIN_FILENO) == 1 {
      return ["expected texts on the command line or on standard input, found neither"]
    }
    return []
  }

  func run() throws {
    let tokenizer = try Tokenizer(folder: folder.url)
    var output = OutputBuffer.standardOutput
    if texts.isEmpty {
      var lines = InputLines.standardInput
      do {
        while let line = try lines.next(beforeWaiting: { try output.flush() }) {
          try write(line, place: "standard input, line \(lines.number)", tokenizer, to: &output)
        }
      } catch {
        // What came before the line with the mistake is right.
        try output.flush()
        throw error
      }
    } else {
      for (i, text) in texts.enumerated() { try write(text, place: "text \(i + 1)", tokenizer, to: &output) }
    }
    try output.flush()
  }

  /// Writes what becomes of one text.
  func write(
    _ text: String, place: @autoclosure () -> String, _ tokenizer: Tokenizer, to output: inout OutputBuffer
  ) throws {
    if isDecoding {
      let ids = try Self.ids(in: text, tokenizer, place: place())
      let text = tokenizer.decode(ids, skippingSpecialTokens: hasNoSpecialTokens)
      if isJSON {
        output.append("{\"text\":")
        output.append(json: text)
        output.append("}")
      } else {
        output.append(text)
      }
      try output.endLine()
      return
    }
    let encoding = try tokenizer.encode(text, pair: pair, addingSpecialTokens: !hasNoSpecialTokens)
    if isJSON { try Self.writeJSON(encoding, to: &output) } else { try writeTable(text, encoding, to: &output) }
  }

  /// The numbers of a line.
  static func ids(in line: String, _ tokenizer: Tokenizer, place: String) throws -> [Int32] {
    try line.split { $0 == "," || $0.isWhitespace }.map { word in
      guard let id = Int32(word), tokenizer.token(of: id) != nil else {
        let found = word.unicodeScalars.prefix(40).map { $0.escaped(asASCII: false) }.joined()
        throw CommandFailure(
          "\(place): expected ids of the vocabulary, from 0 to \(tokenizer.vocabularySize - 1), found '\(found)'")
      }
      return id
    }
  }

  static func writeJSON(_ encoding: Encoding, to output: inout OutputBuffer) throws {
    output.append("{\"ids\":[")
    for (i, id) in encoding.ids.enumerated() {
      if i > 0 { output.append(",") }
      output.append(id)
    }
    output.append("],\"tokens\":[")
    for (i, token) in encoding.tokens.enumerated() {
      if i > 0 { output.append(",") }
      output.append(json: token)
    }
    output.append("],\"offsets\":[")
    for (i, range) in encoding.offsets.enumerated() {
      output.append(i > 0 ? ",[" : "[")
      output.append(range.lowerBound)
      output.append(",")
      output.append(range.upperBound)
      output.append("]")
    }
    output.append("]}")
    try output.endLine()
  }

  /// A line for every token: id, offsets, token; and an empty line behind the last.
  private func writeTable(_ text: String, _ encoding: Encoding, to output: inout OutputBuffer) throws {
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    output.append(visible(text))
    try output.endLine()
    for i in encoding.ids.indices {
      let range = encoding.offsets[i]
      let offsets = encoding.sequences[i] == nil ? "" : "\(range.lowerBound)-\(range.upperBound)"
      output.append(padded("\(encoding.ids[i])", 8))
      output.append(padded(encoding.sequences[i] == 1 ? "pair \(offsets)" : offsets, 14))
      output.append("  " + visible(encoding.tokens[i]))
      try output.endLine()
    }
    try output.endLine()
  }
}
