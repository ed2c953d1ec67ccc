// Checkpoints: a single file, replaced atomically, from which a run can be resumed exactly.
// Read first: TrainingRun.swift, ApusFiles/Files/AtomicFile.swift.

import ApusFiles
import ApusNN
import ApusTensor
import ApusWeights
import Foundation

extension TrainingRun {
  /// The name of the checkpoint file in the run folder.
  public static let checkpointName = "checkpoint.safetensors"
  /// The name of the best model's file in the run folder.
  public static let modelName = "model.safetensors"
  /// The name of the log file in the run folder.
  public static let metricsName = "metrics.csv"

  private static let format = "apus-training-run-1"
  private static let modelPrefix = "model."
  private static let optimizerPrefix = "optimizer."

  /// Saves the model, the optimizer's state and the progress in a single file, so that they always match.
  func saveCheckpoint() throws(FileFormatError) {
    guard let folder else { return }
    try log.write(to: folder.appendingPathComponent(TrainingRun.metricsName))
    let state = model.stateDictionary.entries.map { (name: TrainingRun.modelPrefix + $0.name, tensor: $0.tensor) }
    let moments = optimizer.state.map { (name: TrainingRun.optimizerPrefix + $0.name, tensor: $0.tensor) }
    var metadata = [
      "format": TrainingRun.format, "step": "\(step)", "seed": "\(settings.seed)", "seconds": "\(seconds)",
    ]
    if let best {
      metadata["bestLoss"] = "\(best.loss.bitPattern)"
      metadata["bestStep"] = "\(best.step)"
    }
    try SafetensorsWriter.write(
      state + moments, metadata: metadata, to: folder.appendingPathComponent(TrainingRun.checkpointName))
  }

  /// Saves the best model.
  func saveBest() throws {
    guard let folder else { return }
    if let saveBestModel {
      try saveBestModel(model)
    } else {
      try SafetensorsWriter.write(
        model.stateDictionary.entries, to: folder.appendingPathComponent(TrainingRun.modelName))
    }
  }

  /// Restores the state of the run from the checkpoint in its folder. Does nothing if the run has no folder.
  ///
  /// - Throws: `FileFormatError`, `StateDictionaryError` or `OptimizerStateError` if a part does not match. Nothing is
  ///   changed then, except that the model's weights are loaded if only the optimizer's state does not match.
  public func resume() throws {
    guard let folder else { return }
    let url = folder.appendingPathComponent(TrainingRun.checkpointName)
    let file = try SafetensorsFile(contentsOf: url)
    func problem(_ key: String, _ expected: String) -> FileFormatError {
      FileFormatError(
        path: url.path, place: "metadata \"\(key)\"", expected: expected, found: file.metadata[key] ?? "nothing")
    }
    guard file.metadata["format"] == TrainingRun.format else { throw problem("format", TrainingRun.format) }
    guard let savedStep = file.metadata["step"].flatMap({ Int($0) }), savedStep >= 0 else {
      throw problem("step", "a number of steps")
    }
    guard file.metadata["seed"] == "\(settings.seed)" else { throw problem("seed", "\(settings.seed)") }
    var state = StateDictionary()
    var moments: [String: Tensor] = [:]
    for entry in file.entries {
      let tensor = try file.tensor(named: entry.name)
      if entry.name.hasPrefix(TrainingRun.modelPrefix) {
        state[String(entry.name.dropFirst(TrainingRun.modelPrefix.count))] = tensor
      } else if entry.name.hasPrefix(TrainingRun.optimizerPrefix) {
        moments[String(entry.name.dropFirst(TrainingRun.optimizerPrefix.count))] = tensor
      }
    }
    let savedLog = try MetricsLog(
      contentsOf: folder.appendingPathComponent(TrainingRun.metricsName), upTo: savedStep)
    try model.load(state)
    try optimizer.load(state: moments)
    step = savedStep
    // A schedule may also depend on the validation losses, which are in the log.
    schedule = initialSchedule
    for case let loss? in savedLog.rows.map(\.validationLoss) {
      schedule.note(validationLoss: Double(loss))
    }
    log = savedLog
    seconds = file.metadata["seconds"].flatMap { Double($0) } ?? 0
    if let bits = file.metadata["bestLoss"].flatMap({ UInt32($0) }),
      let bestStep = file.metadata["bestStep"].flatMap({ Int($0) })
    {
      best = (Float(bitPattern: bits), bestStep)
    }
  }
}
