// `apus embed`: sentences as vectors, or how alike they are. Read first: ApusModels/Sentences/SentenceEmbedder.swift.
// Read next: SearchCommand.swift.

import ApusCharts
import ApusData
import ApusModels
import ApusTensor
import Foundation

struct EmbedCommand: Verb {
  static let name = "embed"
  static let summary = "Turn sentences into vectors, with a sentence-embedding model from a folder."
  static let details = """
    Prints a line for every sentence: the numbers of its vector with spaces between them, or with --similarity the cosine \
    of the angle between it and every sentence, itself included.

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
      printRows(units.matmul(units, transposing: .second)) { String(format: "%7.4f", $0) }
    } else {
      printRows(vectors) { String(format: "%.6g", $0) }
    }
  }

  private func printRows(_ matrix: Tensor, _ text: (Float) -> String) {
    let (scalars, columns) = (matrix.scalars, matrix.shape[1])
    for start in stride(from: 0, to: scalars.count, by: columns) {
      print(scalars[start..<start + columns].map(text).joined(separator: " "))
    }
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
    let isShown = isatty(STDERR_FILENO) == 1 && texts.count > 64
    func show(_ text: String) {
      if isShown { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(text)".utf8)) }
    }
    show("Reading \(Format.count(texts.count)) \(noun)")
    Interrupt.shared.watch()
    let vectors = try embedder.vectors(of: texts, tokenizer, prompt: prompt) { done in
      show("\(Format.count(done)) of \(Format.count(texts.count)) \(noun)")
      return !Interrupt.shared.isRequested
    }
    show("")
    guard let vectors else { throw CommandFailure.interrupted }
    return vectors
  }
}
