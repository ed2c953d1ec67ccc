// The folder of a training run: its settings and files, and how it is created and opened.
// Read first: TrainShakespeareCommand.swift. Read next: SampleCommand.swift.

import ApusCharts
import ApusFiles
import ApusLanguage
import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import Foundation

/// The settings of a run, which are stored as run.json in its folder.
struct RunSettings: Codable, Equatable {
  var steps: Int
  var seed: UInt64
  /// The path of the text file; nil for the bundled Shakespeare.
  var data: String?
  var layers: Int
  var heads: Int
  var width: Int
  var context: Int
  var dropout: Double
  var batch: Int
  var learningRate: Double
  var warmup: Int
  var weightDecay: Double
  var interval: Int

  /// The settings that are out of bounds, one sentence each. The bounds are those of the options; they are checked
  /// again here because the settings may come from a file.
  var problems: [String] {
    var problems: [String] = []
    func check<Number: Comparable>(_ name: String, _ value: Number, _ range: ClosedRange<Number>) {
      if range.contains(value) { return }
      problems.append("\(name): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
    check("steps", steps, 1...Int.max / 2)
    check("layers", layers, 1...1_000)
    check("heads", heads, 1...1_000)
    check("width", width, 1...100_000)
    check("context", context, 1...100_000)
    check("dropout", dropout, 0...Double(Float(1).nextDown))
    check("batch", batch, 1...100_000)
    check("learningRate", learningRate, Double.leastNonzeroMagnitude...1e6)
    check("warmup", warmup, 0...max(0, steps))
    check("weightDecay", weightDecay, 0...1e6)
    check("interval", interval, 1...Int.max / 2)
    if heads > 0, width % heads != 0 { problems.append("width: expected a multiple of \(heads) heads, found \(width)") }
    return problems
  }

  /// The training text.
  func text() throws -> String {
    if let data { return try TextFile.read(URL(fileURLWithPath: data)) }
    guard let url = Bundle.module.url(forResource: "tinyshakespeare", withExtension: "txt") else {
      throw CommandFailure("the bundled text is missing: keep the folder Apus_ApusCommand.resources beside the program")
    }
    return try TextFile.read(url)
  }

  /// Makes a new model, which is the same for the same seed.
  func makeModel(vocabularySize: Int) -> GPT {
    withSeed(seed) {
      GPT(
        .init(
          vocabularySize: vocabularySize, contextLength: context, layers: layers, heads: heads, width: width,
          dropout: Float(dropout)))
    }
  }

  /// Makes a run that uses AdamW with weight decay on matrices only, and a learning rate with linear warm-up and cosine
  /// decay to a tenth of the peak.
  func makeRun(model: GPT, folder: URL) -> TrainingRun {
    let matrices = model.parameters.filter { $0.value.rank >= 2 }
    let vectors = model.parameters.filter { $0.value.rank < 2 }
    let run = TrainingRun(
      model: model,
      optimizer: AdamW(
        [ParameterGroup(matrices), ParameterGroup(vectors, weightDecay: 0)], learningRate: Float(learningRate),
        betas: (0.9, 0.99), weightDecay: Float(weightDecay)),
      schedule: WarmupCosineSchedule(peak: learningRate, floor: learningRate / 10, warmup: warmup, total: steps),
      settings: .init(steps: steps, validationInterval: interval, checkpointInterval: interval, seed: seed),
      folder: folder)
    run.saveBestModel = { _ in try model.saveWeights(to: folder.appendingPathComponent(TrainingRun.modelName)) }
    return run
  }
}

/// The folder of a training run on disk.
struct RunFolder {
  static let settingsName = "run.json"
  static let alphabetName = "alphabet.json"
  static let curvesName = "loss.svg"

  let url: URL
  let settings: RunSettings
  let tokenizer: CharacterTokenizer
  let text: String

  /// The folder's path, relative to the current folder if it lies inside.
  var shownPath: String {
    let here = FileManager.default.currentDirectoryPath + "/"
    return url.path.hasPrefix(here) ? String(url.path.dropFirst(here.count)) : url.path
  }

  /// Creates a new run folder with its settings, alphabet and initial model.
  ///
  /// - Parameter requested: the folder; nil for the first free one of `runs/NAME-1`, `runs/NAME-2`, …
  init(creating requested: URL?, named name: String, settings: RunSettings, text: String) throws {
    let manager = FileManager.default
    if let requested {
      let checkpoint = requested.appendingPathComponent(TrainingRun.checkpointName)
      if manager.fileExists(atPath: requested.appendingPathComponent(RunFolder.settingsName).path) {
        let hint =
          manager.fileExists(atPath: checkpoint.path)
          ? "continue it with --resume \(requested.path), or choose another folder" : "choose another folder"
        throw CommandFailure("--out: \(requested.path) already holds a run (\(hint))")
      }
      url = requested
    } else {
      var number = 1
      func candidate() -> URL { URL(fileURLWithPath: "runs/\(name)-\(number)") }
      while manager.fileExists(atPath: candidate().path) { number += 1 }
      url = candidate()
    }
    self.settings = settings
    self.text = text
    tokenizer = CharacterTokenizer(alphabetOf: text)
    // Throws if the text is too short, before anything is written.
    _ = try TokenCorpus(text: text, tokenizer: tokenizer, contextLength: settings.context)
    do {
      try manager.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure("--out: cannot create the folder \(url.path): \(error.localizedDescription)")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(
      try encoder.encode(tokenizer) + Data("\n".utf8), to: url.appendingPathComponent(RunFolder.alphabetName))
    let model = settings.makeModel(vocabularySize: tokenizer.vocabularySize)
    try model.save(to: url)
    try AtomicFile.write(
      try encoder.encode(settings) + Data("\n".utf8), to: url.appendingPathComponent(RunFolder.settingsName))
  }

  /// Opens the folder of an existing run.
  init(opening url: URL) throws {
    self.url = url
    let settingsURL = url.appendingPathComponent(RunFolder.settingsName)
    settings = try RunFolder.decode(RunSettings.self, settingsURL)
    tokenizer = try RunFolder.tokenizer(in: url)
    var problems = settings.problems
    // The same sizes are in config.json, where they have been checked against the weights. So sizes that agree with it
    // are safe to allocate.
    let model = try GPT.load(contentsOf: url).configuration
    let sizes = [
      ("layers", settings.layers, model.layers), ("heads", settings.heads, model.heads),
      ("width", settings.width, model.width), ("context", settings.context, model.contextLength),
    ]
    for (name, found, expected) in sizes where found != expected {
      problems.append("\(name): expected \(expected), as in config.json, found \(found)")
    }
    if !problems.isEmpty {
      var failure = CommandFailure()
      failure.lines = problems.map { "\(settingsURL.path): \($0)" }
      throw failure
    }
    text = try settings.text()
    let alphabet = CharacterTokenizer(alphabetOf: text)
    guard alphabet == tokenizer else {
      throw CommandFailure(
        "the text has changed since the run was started: \(settings.data ?? "the bundled text") has "
          + "\(alphabet.vocabularySize) distinct characters, but the run's text had \(tokenizer.vocabularySize)")
    }
  }

  /// The character tokenizer of a run.
  static func tokenizer(in folder: URL) throws -> CharacterTokenizer {
    try decode(CharacterTokenizer.self, folder.appendingPathComponent(alphabetName))
  }

  private static func decode<Value: Decodable>(_ type: Value.Type, _ url: URL) throws -> Value {
    let data = Data(try TextFile.read(url).utf8)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw CommandFailure("\(url.path): expected a run's \(url.lastPathComponent), found something else")
    }
  }

  /// Draws the training and validation losses to loss.svg.
  func drawCurves(_ log: MetricsLog) throws {
    let training = log.rows.map { LineChart.Point(x: Double($0.step), y: Double($0.loss)) }
    let validation = log.rows.compactMap { row in
      row.validationLoss.map { LineChart.Point(x: Double(row.step), y: Double($0)) }
    }
    let best = validation.map(\.y).min().map { ", best validation loss \(Format.fixed($0, 3))" } ?? ""
    let chart = LineChart(
      title: settings.data == nil ? "A GPT learns Shakespeare" : "A GPT learns \(settings.data ?? "")",
      subtitle: "\(settings.layers) layers, \(settings.heads) heads, width \(settings.width), context "
        + "\(settings.context)\(best)",
      xLabel: "step", yLabel: "loss (nats per character)",
      series: [
        .init("training", training, style: .smoothed), .init("validation", validation, style: .marked),
      ])
    try AtomicFile.write(Data(chart.svg.utf8), to: url.appendingPathComponent(RunFolder.curvesName))
  }
}
