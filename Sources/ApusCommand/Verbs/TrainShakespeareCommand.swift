// `apus train shakespeare`: the main job. A small GPT learns to write, one character after another.
// Read first: ApusModels/GPT/GPT.swift, ApusTraining/TrainingRun.swift. Read next: RunFolder.swift.

import ApusCharts
import ApusGeneration
import ApusLanguage
import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import Foundation

struct TrainShakespeareCommand: Verb {
  static let name = "train shakespeare"
  static let summary = "Train a small character-level GPT on Shakespeare's plays, or on a text of yours."
  static let details = """
    Writes a run folder with the best model (model.safetensors and config.json, in the format of Hugging Face's \
    GPT-2), the checkpoint, a table of losses (metrics.csv) and their curves (loss.svg). Ctrl-C saves and stops; \
    --resume DIR goes on with the same result as if nothing had happened.
    """

  @Option("steps", .atLeast(1), help: "steps of training") var steps = 4_000
  @Option("seed", help: "of all randomness: the same seed gives the same model") var seed: UInt64 = 1
  @Option("out", placeholder: "DIR", help: "the run folder; by default a new one under runs/") var out: Path? = nil
  @Option("data", placeholder: "FILE", help: "a text file to learn from instead of Shakespeare") var data: Path? = nil
  @Option("resume", placeholder: "DIR", help: "go on with the run in this folder, with the options it was begun with")
  var resume: Path? = nil

  @Option("layers", .from(1, to: 1_000), help: "blocks of the model") var layers = 4
  @Option("heads", .from(1, to: 1_000), help: "heads of each attention") var heads = 4
  @Option("width", .from(1, to: 100_000), help: "features of a character; a multiple of the heads") var width = 128
  @Option("context", .from(1, to: 100_000), help: "characters that the model sees") var context = 64
  @Option("dropout", .from(0, below: 1), help: "probability of dropping a feature in training") var dropout = 0.0

  @Option("batch", .from(1, to: 100_000), help: "sequences in a step") var batch = 12
  @Option("learning-rate", .above(0), help: "at its highest") var learningRate = 3e-3
  @Option(
    "warmup", .atLeast(0), help: "steps until the learning rate is at its highest; by default 100, or a tenth of all")
  var warmup: Int? = nil
  @Option("weight-decay", .atLeast(0), help: "of AdamW, on matrices") var weightDecay = 0.1
  @Option("validate-every", .atLeast(1), help: "steps between validations and checkpoints") var interval = 500
  @Option("sample", .atLeast(0), help: "characters to write at the end") var sample = 400

  func problems() -> [String] {
    if resume != nil {
      let begun = arguments.compactMap { $0.given == nil || $0.name == "resume" || $0.name == "sample" ? nil : $0.name }
      return begun.map { "--\($0): a resumed run keeps the options it was begun with (leave it out)" }
    }
    var problems: [String] = []
    if width % heads != 0 {
      problems.append("--width: expected a multiple of the heads (\(heads)), found '\(width)'")
    }
    if let warmup, warmup > steps {
      problems.append("--warmup: expected at most the steps (\(steps)), found '\(warmup)'")
    }
    return problems
  }

  func run() throws {
    let folder: RunFolder
    if let resume {
      folder = try RunFolder(opening: resume.url)
    } else {
      let settings = RunSettings(
        steps: steps, seed: seed, data: data?.url.standardizedFileURL.path, layers: layers, heads: heads, width: width,
        context: context, dropout: dropout, batch: batch, learningRate: learningRate,
        warmup: warmup ?? min(100, steps / 10),
        weightDecay: weightDecay, interval: interval)
      let text = try settings.text()
      folder = try RunFolder(creating: out?.url, named: "shakespeare", settings: settings, text: text)
    }
    try CharacterTraining(folder: folder, isResumed: resume != nil, sampleLength: sample).run()
  }
}

/// One session of training in a run folder.
struct CharacterTraining {
  let folder: RunFolder
  let isResumed: Bool
  let sampleLength: Int

  func run() throws {
    let settings = folder.settings
    let corpus = try TokenCorpus(text: folder.text, tokenizer: folder.tokenizer)
    let model = settings.makeModel(vocabularySize: folder.tokenizer.vocabularySize)
    let run = settings.makeRun(model: model, folder: folder.url)
    if isResumed { try run.resume() }
    try describe(model, corpus, run)

    Interrupt.shared.watch()
    let progress = ProgressLine(
      total: settings.steps, startStep: run.step, itemsPerStep: settings.batch * settings.context)
    var failure: (any Error)?
    let outcome = try run.train(
      loss: { generator in
        let batch = corpus.batch(.training, size: settings.batch, length: settings.context, using: generator)
        return crossEntropy(model(batch.inputs), batch.targets)
      },
      validate: { validationLoss(model, corpus, length: settings.context) },
      onStep: { step in
        progress.update(step: step.step, loss: Double(step.loss))
        guard let loss = step.metrics.validationLoss else { return }
        progress.note(
          "step \(Format.count(step.step)): validation loss \(Format.fixed(Double(loss), 4))"
            + (step.isBest ? ", the best so far: saved" : ""))
        do { try folder.drawCurves(run.log) } catch { failure = error }
      },
      shouldStop: { Interrupt.shared.isRequested })
    progress.finish()
    if let failure { throw failure }
    try folder.drawCurves(run.log)
    try report(outcome, run)
  }

  private func describe(_ model: GPT, _ corpus: TokenCorpus, _ run: TrainingRun) throws {
    let settings = folder.settings
    print(
      """
      A GPT of \(Format.count(model.parameterCount)) parameters (\(settings.layers) layers, \(settings.heads) heads, \
      \(settings.width) features, context \(settings.context)) learns from \(Format.count(corpus.trainingTokens.count)) \
      characters of \(settings.data ?? "Shakespeare"); \(Format.count(corpus.validationTokens.count)) are kept for validation.
      """)
    print("Run folder: \(folder.shownPath)" + (isResumed ? ", resumed after step \(Format.count(run.step))" : ""))
  }

  private func report(_ outcome: TrainingRun.Outcome, _ run: TrainingRun) throws {
    switch outcome {
    case .diverged:
      throw CommandFailure(
        "the loss is not a number after step \(run.step): try a lower --learning-rate (now \(folder.settings.learningRate))"
      )
    case .interrupted:
      print("Stopped after step \(Format.count(run.step)); everything is saved. To go on:")
      print("  apus train shakespeare --resume \(folder.shownPath)")
      throw CommandFailure.interrupted
    case .finished:
      if let best = run.best {
        print(
          "Trained for \(Format.duration(run.seconds)). Best validation loss \(Format.fixed(Double(best.loss), 4)) "
            + "(after step \(Format.count(best.step))).")
      }
      print("The curves are in \(folder.shownPath)/\(RunFolder.curvesName).")
      guard sampleLength > 0 else { return }
      print("\nThe model writes:\n")
      let best = try GPT.load(contentsOf: folder.url)
      try write(best, folder.tokenizer, prompt: "\n", count: sampleLength, sampler: Sampler(temperature: 0.8), seed: 1)
      print("\nMore of it: apus sample \(folder.shownPath) --prompt \"ROMEO:\"")
    }
  }
}

/// The mean loss over the validation part, in consecutive windows.
private func validationLoss(_ model: GPT, _ corpus: TokenCorpus, length: Int) -> Float {
  var (total, count) = (0.0, 0)
  for batch in corpus.batches(of: .validation, size: 32, length: length) {
    let loss = crossEntropy(model(batch.inputs), batch.targets, reduction: .sum).scalar
    total += Double(loss)
    count += batch.targets.count
  }
  return Float(total / Double(max(1, count)))
}

/// Streams a model's continuation of a prompt to standard output.
func write(
  _ model: GPT, _ tokenizer: CharacterTokenizer, prompt: String, count: Int, sampler: Sampler, seed: UInt64
) throws {
  let ids = try tokenizer.encode(prompt)
  if prompt != "\n" { print(prompt, terminator: "") }
  var failure: (any Error)?
  _ = model.generate(prompt: ids, count: count, sampler: sampler, using: RandomGenerator(seed: seed)) { token in
    do {
      print(try tokenizer.decode([token]), terminator: "")
      fflush(nil)
      return true
    } catch {
      failure = error
      return false
    }
  }
  if let failure { throw failure }
  print()
}
