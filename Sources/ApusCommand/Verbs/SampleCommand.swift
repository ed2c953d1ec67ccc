// `apus sample`: generates text with a model trained by `apus train shakespeare`.
// Read first: ApusLanguage/GPT/GPT+Generation.swift.

import ApusGeneration
import ApusLanguage
import ApusTensor
import Foundation

struct SampleCommand: Verb {
  static let name = "sample"
  static let summary = "Generate text with a model of 'apus train shakespeare'"

  @Positional("RUN_DIR", help: "folder of a training run") var folder: Path
  @Option("prompt", help: "text to continue") var prompt = "\n"
  @Option("length", .atLeast(1), help: "number of characters to generate") var length = 500
  @Option("temperature", .atLeast(0), help: "sampling temperature; 0 is greedy")
  var temperature = 0.8
  @Option("top-k", .atLeast(1), placeholder: "K", help: "sample from the K most likely characters")
  var topK: Int? = nil
  @Option("seed", help: "random seed; the same seed gives the same text") var seed: UInt64 = 1

  func problems() -> [String] { prompt.isEmpty ? ["--prompt: expected at least one character"] : [] }

  func run() throws {
    let tokenizer = try RunFolder.tokenizer(in: folder.url)
    let model = try GPT.load(contentsOf: folder.url)
    guard model.configuration.vocabularySize == tokenizer.vocabularySize else {
      throw CommandFailure(
        "\(folder.text): the model has \(model.configuration.vocabularySize) tokens, but alphabet.json has \(tokenizer.vocabularySize)"
      )
    }
    let sampler = Sampler(temperature: Float(temperature), topK: topK)
    try write(model, tokenizer, prompt: prompt, count: length, sampler: sampler, seed: seed)
  }
}
