// `apus embed`: computes sentence embeddings or their similarities.
// Read first: ApusLanguage/Sentences/SentenceEmbedder.swift. Read next: SearchCommand.swift.

import ApusCharts
import ApusLanguage
import ApusTensor
import ApusText
import ApusWeights
import Foundation

struct EmbedCommand: Verb {
  static let name = "embed"
  static let summary = "Compute sentence embeddings, or how similar sentences are"
  static let details = """
    Prints one line per sentence: the elements of its embedding, separated by spaces. With --similarity, prints the \
    cosine similarities between the sentence and all sentences, including itself, and on a terminal also the \
    sentence.

    Without sentences on the command line, sentences are read from standard input, one per line.

    If the model was trained with prompts and has a default prompt, that prompt is put before every sentence. \
    --prompt selects another one.
    """

  @Positional("MODEL_DIR", help: "folder with config.json, model.safetensors and tokenizer.json") var folder: Path
  @Words("SENTENCE", help: "sentence to embed") var sentences
  @Flag("similarity", help: "print cosine similarities (-1 to 1) instead of embeddings") var isCompared
  @Option("out", placeholder: "FILE", help: "write the embeddings to this safetensors file, as a tensor 'embeddings'")
  var out: Path? = nil
  @Option("prompt", placeholder: "NAME", help: "name of a prompt in config_sentence_transformers.json")
  var prompt: String? = nil

  func problems() -> [String] {
    if out != nil, isCompared { return ["--out: cannot be combined with --similarity"] }
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
        "--prompt: expected \(known.isEmpty ? "none, as \(folder.text) has no prompts" : "one of \(names)"), found '\(prompt)'"
      )
    }
    var sentences = sentences
    if sentences.isEmpty {
      var lines = InputLines.standardInput
      while let line = try lines.next() { sentences.append(line.hasSuffix("\r") ? String(line.dropLast()) : line) }
    }
    guard !sentences.isEmpty else {
      throw CommandFailure("standard input: expected one sentence per line, found nothing")
    }
    let vectors = try model.vectors(of: sentences, "sentences", prompt: prompt)
    if let out {
      try SafetensorsWriter.write([("embeddings", vectors)], to: out.url)
      print("\(sentences.count) embeddings of dimension \(model.embedder.width)")
    } else if isCompared {
      let units = vectors.normalizedToUnitLength()
      // On a terminal, each row ends with its sentence. Programs read only the numbers.
      let notes = isatty(STDOUT_FILENO) == 1 ? sentences.map { "  " + visible($0) } : []
      try printRows(units.matmul(units, transposing: .second), notes) { String(format: "%7.4f", $0) }
    } else {
      // The shortest decimal that parses to the same number.
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

/// A sentence-embedding model with its tokenizer. It shows its progress on standard error.
struct TextModel {
  let embedder: SentenceEmbedder
  let tokenizer: Tokenizer

  init(_ folder: URL) throws {
    embedder = try SentenceEmbedder(contentsOf: folder)
    tokenizer = try Tokenizer(folder: SentenceEmbedder.encoderFolder(in: folder))
    let (tokens, rows) = (tokenizer.vocabularySize, embedder.encoder.vocabularySize)
    guard tokens <= rows else {
      throw CommandFailure("\(folder.path): the tokenizer has \(tokens) tokens, but the model has only \(rows)")
    }
  }

  /// The embeddings of texts, [texts, width].
  ///
  /// - Parameters:
  ///   - noun: the plural noun for the texts in the progress line.
  ///   - prompt: the name of the prompt to put before the texts; nil for the model's default prompt.
  func vectors(of texts: [String], _ noun: String, prompt: String? = nil) throws -> Tensor {
    // Standard output is reserved for the results.
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
