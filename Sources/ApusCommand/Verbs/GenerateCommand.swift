// `apus generate`: generates text with a published model. Read first: ApusGeneration/Generation.swift.
// Read next: GeneratedText.swift, which decodes the tokens as they arrive.

import Apus
import ApusBase
import ApusCharts
import ApusGeneration
import ApusLanguage
import ApusPublished
import ApusTensor
import Foundation

struct GenerateCommand: Verb {
  static let name = "generate"
  static let summary = "Generate text with a model from a Hugging Face folder"
  static var details: String {
    """
    A decoder such as GPT-2 or Llama continues the prompt. An encoder–decoder such as T5, BART or Marian transforms \
    it, for example by translating or summarizing it. The defaults of the generation settings come from \
    generation_config.json. --greedy selects greedy decoding; --temperature, --top-k, --top-p and --min-p select \
    sampling, and can be combined; --beams selects beam search.

    --print-ids prints all token IDs on one line, as Hugging Face's generate returns them: the prompt (for an \
    encoder–decoder, the start token) and the generated tokens. Without a tokenizer in the folder, the prompt must \
    be given with --input-ids. For a Marian model with several target languages, the prompt begins with the target \
    language: ">>fra<< Good morning".
    """
  }

  @Positional("MODEL_DIR", help: "folder with config.json, model.safetensors and a tokenizer") var folder: Path
  @Option("prompt", help: "text to continue or transform") var prompt: String? = nil
  @Option("input-ids", placeholder: "IDS", help: "the prompt as token IDs, such as 1,2,3") var inputIDs: String? = nil
  @Flag("print-ids", help: "print token IDs instead of text") var printsIDs
  @Option("max-new-tokens", .atLeast(1), help: "maximum number of tokens to generate") var maximumNewTokens: Int? = nil
  @Flag("greedy", help: "always choose the most likely token") var isGreedy
  @Option(
    "beams", .from(1, to: Double(GenerationSettings.mostBeams)), help: "use beam search with N beams")
  var beams: Int? = nil
  @Option("length-penalty", help: "length penalty of beam search; above 0 favors long texts, below 0 short ones")
  var lengthPenalty: Double? = nil
  @Option("temperature", .atLeast(0), help: "sampling temperature; 0 is greedy") var temperature: Double? = nil
  @Option("top-k", .atLeast(1), placeholder: "K", help: "sample from the K most likely tokens") var topK: Int? = nil
  @Option("top-p", .above(0), placeholder: "P", help: "sample from the most likely tokens with total probability P")
  var topP: Double? = nil
  @Option(
    "min-p", .atLeast(0), placeholder: "P", help: "sample from tokens at least P times as likely as the most likely one"
  )
  var minP: Double? = nil
  @Option(
    "repetition-penalty", .above(0), help: "penalty for tokens that already occur; above 1 discourages repetition")
  var repetitionPenalty: Double? = nil
  @Option("no-repeat-ngram", .atLeast(0), help: "never repeat a sequence of N tokens") var noRepeatNGram: Int? = nil
  @Option("stop", help: "stop at this text, which is not printed") var stop: String? = nil
  @Option("seed", help: "random seed; the same seed gives the same text") var seed: UInt64 = 1

  private var draws: Bool { temperature != nil || topK != nil || topP != nil || minP != nil }

  private var parsedIDs: [Int32?]? {
    inputIDs?.split(separator: ",", omittingEmptySubsequences: false).map {
      Int32($0.trimmingCharacters(in: .whitespaces))
    }
  }

  func problems() -> [String] {
    var problems: [String] = []
    if (prompt == nil) == (inputIDs == nil) {
      problems.append("expected either --prompt or --input-ids, found \(prompt == nil ? "neither" : "both")")
    }
    if let parsedIDs, parsedIDs.contains(where: { $0 ?? -1 < 0 }) {
      problems.append("--input-ids: expected token IDs separated by commas, found '\(inputIDs ?? "")'")
    }
    if isGreedy, draws || (beams ?? 1) > 1 {
      problems.append("--greedy: cannot be combined with \(draws ? "sampling options" : "--beams")")
    }
    if draws, (beams ?? 1) > 1 {
      problems.append("--beams: cannot be combined with sampling options")
    }
    if let topP, topP > 1 { problems.append("--top-p: expected a number of at most 1, found \(topP)") }
    if let minP, minP > 1 { problems.append("--min-p: expected a number of at most 1, found \(minP)") }
    return problems
  }

  func run() throws {
    do {
      try write()
    } catch let error as GenerationError {
      var failure = CommandFailure()
      failure.lines = error.problems
      throw failure
    }
  }

  private func write() throws {
    let loaded = try LoadedModel(contentsOf: folder.url)
    let codec = try TextCodec(folder: folder.url)
    let ids = try promptIDs(codec)
    let isConditional = loaded.model is any ConditionalDecoder
    let settings = applied(
      to: try GenerationSettings(contentsOf: folder.url, promptCount: isConditional ? 1 : ids.count))
    let generator = RandomGenerator(seed: seed)
    let clock = ContinuousClock()
    let start = clock.now
    var output = GeneratedText(
      codec: printsIDs ? nil : codec, stop: stop, continuing: isConditional || prompt == nil ? [] : ids)
    if let decoder = loaded.model as? any AutoregressiveModel, let trained = decoder.trainedLength,
      decoder.positionLimit == nil, ids.count + settings.maximumNewTokens > trained
    {
      writeError([
        "apus generate: note: the model was trained on at most \(trained) tokens; beyond that, expect poor text"
      ])
    }
    func showPrompt() throws { if !isConditional, let prompt, !printsIDs, codec != nil { try output.show(prompt) } }

    if settings.beams > 1 {
      let sequence = try wholeText(loaded, ids, settings)
      try showPrompt()
      _ = try sequence.newIDs.allSatisfy { try output.add($0) }
      try output.finish(sequence.ids)
      report(tokens: sequence.newIDs.count, since: start, clock, note: "\(settings.beams) beams")
      return
    }
    let generation = try stepper(loaded, ids, settings, generator)
    try showPrompt()
    var first: ContinuousClock.Instant?
    while let token = generation.next()?.first ?? nil {
      if first == nil { first = clock.now }
      if try !output.add(token) { break }
    }
    try output.finish(generation.sequences[0].ids)
    let written = generation.sequences[0].newIDs.count
    // The time until the first token is the time to process the prompt.
    report(
      tokens: written - 1, since: first ?? start, clock,
      note: first.map {
        "prompt of \(ids.count == 1 ? "1 token" : "\(ids.count) tokens") processed in \(Format.fixed(seconds($0 - start), 3)) s"
      } ?? "")
  }

  private func promptIDs(_ codec: TextCodec?) throws -> [Int32] {
    if let parsedIDs { return parsedIDs.compactMap { $0 } }
    guard let codec else {
      throw CommandFailure(
        "\(folder.text): expected a tokenizer in the folder, found none (give the prompt with --input-ids)")
    }
    return try codec.encode(prompt ?? "")
  }

  private func applied(to base: GenerationSettings) -> GenerationSettings {
    var settings = base
    if let maximumNewTokens { settings.maximumNewTokens = maximumNewTokens }
    settings.minimumNewTokens = min(settings.minimumNewTokens, settings.maximumNewTokens)
    if isGreedy || draws { settings.beams = 1 }
    if let beams { settings.beams = beams }
    if isGreedy || beams ?? 1 > 1 {
      settings.sampler = .greedy
    } else if draws {
      settings.sampler = Sampler(
        temperature: Float(temperature ?? 1), topK: topK, topP: topP.map { Float($0) }, minP: minP.map { Float($0) })
    }
    if let lengthPenalty { settings.lengthPenalty = Float(lengthPenalty) }
    if let repetitionPenalty { settings.repetitionPenalty = Float(repetitionPenalty) }
    if let noRepeatNGram { settings.noRepeatNGramSize = noRepeatNGram }
    return settings
  }

  private func stepper(
    _ loaded: LoadedModel, _ ids: [Int32], _ settings: GenerationSettings, _ generator: RandomGenerator
  ) throws -> TokenGenerator {
    if let model = loaded.model as? any ConditionalDecoder {
      return try model.generator(reading: [ids], settings: settings, using: generator)
    }
    if let model = loaded.model as? any CausalDecoder {
      return try model.generator([ids], settings: settings, using: generator)
    }
    throw cannotWrite(loaded)
  }

  private func wholeText(
    _ loaded: LoadedModel, _ ids: [Int32], _ settings: GenerationSettings
  ) throws -> GeneratedSequence {
    if let model = loaded.model as? any ConditionalDecoder {
      return try model.generate(reading: [ids], settings: settings)[0]
    }
    if let model = loaded.model as? any CausalDecoder { return try model.generate([ids], settings: settings)[0] }
    throw cannotWrite(loaded)
  }

  private func cannotWrite(_ loaded: LoadedModel) -> CommandFailure {
    CommandFailure("\(folder.text): expected a model that generates text, found \(loaded.head)")
  }

  private func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }

  private func report(tokens: Int, since start: ContinuousClock.Instant, _ clock: ContinuousClock, note: String) {
    let time = seconds(clock.now - start)
    let rate = tokens > 0 && time > 0 ? "\(Format.fixed(Double(tokens) / time, 1)) tokens/s" : "one token"
    writeError([[rate, note].filter { !$0.isEmpty }.joined(separator: ", ")])
  }
}
