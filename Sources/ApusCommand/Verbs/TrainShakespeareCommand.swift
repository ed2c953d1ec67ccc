// `apus train shakespeare`: trains a small GPT that generates text one character at a time.
// Read first: ApusLanguage/GPT/GPT.swift, ApusTraining/Runs/TrainingRun.swift. Read next: RunFolder.swift.

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
  static let summary = "Train a character-level GPT on Shakespeare or another text"
  static let details = """
    Writes a run folder with the best model (model.safetensors and config.json, in the format of Hugging Face's \
    GPT-2), a checkpoint, a table of the losses (metrics.csv) and a chart of them (loss.svg).

    Ctrl-C saves a checkpoint and stops. A run continued with --resume ends with exactly the same result as a run \
    that was not interrupted.
    """

  @Option("steps", .atLeast(1), help: "number of training steps") var steps = 4_000
  @Option("seed", help: "random seed; the same seed gives the same model") var seed: UInt64 = 1
  @Option("out", placeholder: "DIR", help: "run folder (default: a new folder under runs/)") var out: Path? = nil
  @Option("data", placeholder: "FILE", help: "text file to train on (default: Shakespeare's plays)")
  var data: Path? = nil
  @Option("resume", placeholder: "DIR", help: "resume the run in this folder, with its original options")
  var resume: Path? = nil

  @Option("layers", .from(1, to: 1_000), help: "number of transformer blocks") var layers = 4
  @Option("heads", .from(1, to: 1_000), help: "number of attention heads") var heads = 4
  @Option("width", .from(1, to: 100_000), help: "hidden size, a multiple of the number of heads") var width = 128
  @Option("context", .from(1, to: 100_000), help: "context length in characters") var context = 64
  @Option("dropout", .from(0, below: 1), help: "dropout probability") var dropout = 0.0

  @Option("batch", .from(1, to: 100_000), help: "sequences per step") var batch = 12
  @Option("learning-rate", .above(0), help: "peak learning rate") var learningRate = 3e-3
  @Option(
    "warmup", .atLeast(0), help: "learning-rate warm-up steps (default: 100, at most a tenth of --steps)")
  var warmup: Int? = nil
  @Option("weight-decay", .atLeast(0), help: "weight decay of AdamW, on matrices only") var weightDecay = 0.1
  @Option("validate-every", .atLeast(1), help: "steps between validations and checkpoints") var interval = 500
  @Option("sample", .atLeast(0), help: "characters to generate at the end; 0 for none") var sample = 400

  func problems() -> [String] {
    if resume != nil {
      let begun = arguments.compactMap { $0.given == nil || $0.name == "resume" || $0.name == "sample" ? nil : $0.name }
      return begun.map { "--\($0): cannot be combined with --resume, which uses the run's original options" }
    }
    var problems: [String] = []
    if width % heads != 0 {
      problems.append("--width: expected a multiple of --heads (\(heads)), found '\(width)'")
    }
    if let warmup, warmup > steps {
      problems.append("--warmup: expected at most --steps (\(steps)), found '\(warmup)'")
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

/// A training session in a run folder.
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
            + (step.isBest ? " (best so far, saved)" : ""))
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
      Training a GPT with \(Format.count(model.parameterCount)) parameters (\(settings.layers) layers, \
      \(settings.heads) heads, width \(settings.width), context \(settings.context)) on \
      \(Format.count(corpus.trainingTokens.count)) characters of \(settings.data ?? "Shakespeare"); \
      \(Format.count(corpus.validationTokens.count)) are held out for validation.
      """)
    print("Run folder: \(folder.shownPath)" + (isResumed ? ", resumed after step \(Format.count(run.step))" : ""))
  }

  private func report(_ outcome: TrainingRun.Outcome, _ run: TrainingRun) throws {
    switch outcome {
    case .diverged:
      throw CommandFailure(
        "the loss diverged after step \(run.step): try a lower --learning-rate (now \(folder.settings.learningRate))"
      )
    case .interrupted:
      print("Stopped after step \(Format.count(run.step)); everything is saved. To resume:")
      print("  apus train shakespeare --resume \(folder.shownPath)")
      throw CommandFailure.interrupted
    case .finished:
      if let best = run.best {
        print(
          "Trained for \(Format.duration(run.seconds)). Best validation loss \(Format.fixed(Double(best.loss), 4)) "
            + "(after step \(Format.count(best.step))).")
      }
      print("The loss curves are in \(folder.shownPath)/\(RunFolder.curvesName).")
      guard sampleLength > 0 else { return }
      print("\nA sample of the model's text:\n")
      let best = try GPT.load(contentsOf: folder.url)
      try write(best, folder.tokenizer, prompt: "\n", count: sampleLength, sampler: Sampler(temperature: 0.8), seed: 1)
      print("\nFor more: apus sample \(folder.shownPath) --prompt \"ROMEO:\"")
    }
  }
}

/// The mean loss per token of the validation set, which is read in consecutive windows.
private func validationLoss(_ model: GPT, _ corpus: TokenCorpus, length: Int) -> Float {
  var (total, count) = (0.0, 0)
  for batch in corpus.batches(of: .validation, size: 32, length: length) {
    let loss = crossEntropy(model(batch.inputs), batch.targets, reduction: .sum).scalar
    total += Double(loss)
    count += batch.targets.count
  }
  return Float(total / Double(max(1, count)))
}

/// Prints a model's continuation of a prompt, character by character.
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
