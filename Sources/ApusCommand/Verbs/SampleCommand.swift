// `apus sample`: text from a trained model. Read first: ApusModels/GPT/GPT+Generation.swift.

import ApusGeneration
import ApusLanguage
import ApusTensor
import Foundation

struct SampleCommand: Verb {
  static let name = "sample"
  static let summary = "Let a trained model continue a text."

  @Positional("RUN_DIR", help: "the folder of a training run") var folder: Path
  @Option("prompt", help: "the beginning of the text; by default a new line") var prompt = "\n"
  @Option("length", .atLeast(1), help: "characters to write") var length = 500
  @Option("temperature", .atLeast(0), help: "below 1 safer, above 1 wilder, 0 always the likeliest")
  var temperature = 0.8
  @Option("top-k", .atLeast(1), placeholder: "K", help: "draw from the K likeliest characters only")
  var topK: Int? = nil
  @Option("seed", help: "of the randomness: the same seed gives the same text") var seed: UInt64 = 1

  func problems() -> [String] { prompt.isEmpty ? ["--prompt: expected at least one character"] : [] }

  func run() throws {
    let tokenizer = try RunFolder.tokenizer(in: folder.url)
    let model = try GPT.load(contentsOf: folder.url)
    guard model.configuration.vocabularySize == tokenizer.vocabularySize else {
      throw CommandFailure(
        "\(folder.text): the model has \(model.configuration.vocabularySize) tokens, the alphabet \(tokenizer.vocabularySize)"
      )
    }
    let sampler = Sampler(temperature: Float(temperature), topK: topK)
    try write(model, tokenizer, prompt: prompt, count: length, sampler: sampler, seed: seed)
  }
}
