// `apus tokenize`: converts text to tokens and back, to compare a tokenizer with other software or to prepare a corpus.
// Read first: ApusText/Tokenizer/Tokenizer.swift. Read next: ../Terminal/InputLines.swift.

import ApusText
import Foundation

struct TokenizeCommand: Verb {
  static let name = "tokenize"
  static let summary = "Convert text to tokens, or tokens to text"
  static let details = """
    Without texts on the command line, texts are read from standard input, one per line. Lines end only at newlines; \
    all other characters, including spaces and carriage returns, belong to the text. An empty line is an empty text.

    With --json, each text becomes one line {"ids":[…],"tokens":[…],"offsets":[[start,end],…]}. Offsets count \
    Unicode scalars of the text that contains the token. With --decode --json, each line is {"text":"…"}.
    """

  @Positional(
    "MODEL_DIR", help: "folder with tokenizer.json, vocab.txt, vocab.json and merges.txt, or a SentencePiece model")
  var folder: Path
  @Words("TEXT", help: "text to tokenize; with --decode, token IDs") var texts
  @Flag("json", help: "print one JSON object per line") var isJSON
  @Flag("decode", help: "convert token IDs, separated by commas or spaces, to text") var isDecoding
  @Flag("no-special-tokens", help: "add no special tokens; with --decode, omit them") var hasNoSpecialTokens
  @Option("pair", placeholder: "TEXT", help: "second text, encoded as a pair with each text") var pair: String? = nil

  func problems() -> [String] {
    if isDecoding, pair != nil { return ["--pair: cannot be combined with --decode"] }
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
        // Prints the results of the lines before the error.
        try output.flush()
        throw error
      }
    } else {
      for (i, text) in texts.enumerated() { try write(text, place: "text \(i + 1)", tokenizer, to: &output) }
    }
    try output.flush()
  }

  /// Tokenizes or decodes one text and writes the result.
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

  /// Parses the token IDs of a line.
  static func ids(in line: String, _ tokenizer: Tokenizer, place: String) throws -> [Int32] {
    try line.split { $0 == "," || $0.isWhitespace }.map { word in
      guard let id = Int32(word), tokenizer.token(of: id) != nil else {
        let found = word.unicodeScalars.prefix(40).map { $0.escaped(asASCII: false) }.joined()
        throw CommandFailure(
          "\(place): expected token IDs from 0 to \(tokenizer.vocabularySize - 1), found '\(found)'")
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

  /// Writes the text, one line per token with its ID, offsets and text, and an empty line at the end.
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
