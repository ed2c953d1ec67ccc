// `apus embed`: sentences as vectors, or how alike they are. Read first: ApusModels/Sentences/SentenceEmbedder.swift.
// Read next: SearchCommand.swift.

import ApusCharts
import ApusLanguage
import ApusTensor
import ApusText
import ApusWeights
import Foundation

struct EmbedCommand: Verb {
  static let name = "embed"
  static let summary = "Turn sentences into vectors, with a sentence-embedding model from a folder."
  static let details = """
    Prints a line for every sentence: the numbers of its vector with spaces between them, or with --similarity the cosine \
    of the angle between it and every sentence, itself included (and on a terminal the sentence).

    Without sentences on the command line they are read from standard input, one a line.

    A model that was trained with prompts puts its standard one before every sentence, if it has one; --prompt chooses \
    another.
    """

  @Positional("MODEL_DIR", help: "a folder with config.json, model.safetensors and tokenizer.json") var folder: Path
  @Words("SENTENCE", help: "what to turn into vectors") var sentences
  @Flag("similarity", help: "print how alike the sentences are, from -1 to 1, instead of their vectors") var isCompared
  @Option("out", placeholder: "FILE", help: "write the vectors to this safetensors file instead, as 'embeddings'")
  var out: Path? = nil
  @Option("prompt", placeholder: "NAME", help: "the name of a prompt in config_sentence_transformers.json")
  var prompt: String? = nil

  func problems() -> [String] {
    if out != nil, isCompared { return ["--out: expected vectors, found --similarity"] }
    if sentences.isEmpty, isatty(STDIN_FILENO) == 1 {
      return ["expected sentences on the command line or on standard input, found neither"]
    }
    return []
  }

  func run() throws {
    let model = try TextModel(folder.url)
    let known = model.embedder.prompts.texts
    if let prompt, known[prompt] == nil {
      let names = known.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw CommandFailure(
        "--prompt: expected \(known.isEmpty ? "nothing, \(folder.text) has no prompts" : "one of \(names)"), found '\(prompt)'"
      )
    }
    var sentences = sentences
    if sentences.isEmpty {
      var lines = InputLines.standardInput
      while let line = try lines.next() { sentences.append(line.hasSuffix("\r") ? String(line.dropLast()) : line) }
    }
    guard !sentences.isEmpty else { throw CommandFailure("standard input: expected a sentence a line, found nothing") }
    let vectors = try model.vectors(of: sentences, "sentences", prompt: prompt)
    if let out {
      try SafetensorsWriter.write([("embeddings", vectors)], to: out.url)
      print("\(sentences.count) vectors of \(model.embedder.width) numbers")
    } else if isCompared {
      let units = vectors.normalizedToUnitLength()
      // To a person's eyes the sentence behind its row says what the row is; programs read numbers only.
      let notes = isatty(STDOUT_FILENO) == 1 ? sentences.map { "  " + visible($0) } : []
      try printRows(units.matmul(units, transposing: .second), notes) { String(format: "%7.4f", $0) }
    } else {
      // The shortest number that is the same again when it is read.
      try printRows(vectors) { "\($0)" }
    }
  }

  private func printRows(_ matrix: Tensor, _ notes: [String] = [], _ text: (Float) -> String) throws {
    let (scalars, columns) = (matrix.scalars, matrix.shape[1])
    var output = OutputBuffer.standardOutput
    for row in 0..<matrix.shape[0] {
      output.append(scalars[row * columns..<(row + 1) * columns].lazy.map(text).joined(separator: " "))
      if row < notes.count { output.append(notes[row]) }
      try output.endLine()
    }
    try output.flush()
  }
}

/// A sentence-embedding model with its tokenizer, and a line on standard error that shows how far it is.
struct TextModel {
  let embedder: SentenceEmbedder
  let tokenizer: Tokenizer

  init(_ folder: URL) throws {
    embedder = try SentenceEmbedder(contentsOf: folder)
    tokenizer = try Tokenizer(folder: SentenceEmbedder.encoderFolder(in: folder))
    let (tokens, rows) = (tokenizer.vocabularySize, embedder.encoder.vocabularySize)
    guard tokens <= rows else {
      throw CommandFailure("\(folder.path): the tokenizer has \(tokens) tokens, the model \(rows)")
    }
  }

  /// The vectors of texts, [texts, width].
  ///
  /// - Parameters:
  ///   - noun: what the texts are, for the progress line.
  ///   - prompt: the name of what is put before them; nil: the model's standard one.
  func vectors(of texts: [String], _ noun: String, prompt: String? = nil) throws -> Tensor {
    // Standard output is for the results.
    let terminal = Terminal.standardError
    let progress = ProgressLine(
      total: texts.count, stepName: noun, itemsPerStep: 1, itemName: noun, plainSteps: .max, terminal: terminal)
    let isShown = texts.count > (terminal.isInteractive ? 64 : 4_096)
    if isShown { progress.update(step: 0) }
    Interrupt.shared.watch()
    let vectors = try embedder.vectors(of: texts, tokenizer, prompt: prompt) { done in
      if isShown { progress.update(step: done) }
      return !Interrupt.shared.isRequested
    }
    progress.erase()
    guard let vectors else { throw CommandFailure.interrupted }
    return vectors
  }
}
