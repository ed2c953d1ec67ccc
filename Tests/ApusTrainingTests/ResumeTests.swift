// A run that is interrupted or killed and then resumed ends with the bits of an uninterrupted run; unusable folders are
// errors.
// Read first: TrainingRunFixture.swift, TrainingRunTests.swift.

import ApusFiles
import ApusLanguage
import ApusNN
import ApusTensor
import ApusTraining
import ApusWeights
import Foundation
import Testing

@Suite struct ResumeTests {
  static let scenarios = [
    Scenario(), Scenario(dropout: 0.4), Scenario(dropout: 0.4, optimizer: .momentum),
    Scenario(validationInterval: 5, checkpointInterval: 5, clippingNorm: nil),
  ]

  private func uninterrupted(_ scenario: Scenario) throws -> TrainingRun {
    let run = scenario.run(in: nil)
    #expect(try run.trainAll() == .finished)
    return run
  }

  @Test(arguments: scenarios)
  func stoppedAnywhereAndResumed(scenario: Scenario) throws {
    let whole = try uninterrupted(scenario)
    for stop in [1, 3, 4, 7, 11] {
      try withTemporaryFolder { folder in
        let first = scenario.run(in: folder)
        #expect(try first.trainAll(stoppingAfter: stop) == .interrupted)
        #expect(first.step == stop)
        let second = scenario.run(in: folder)
        try second.resume()
        expectSameRun(second, first, "resumed after \(stop)")
        #expect(second.seconds > 0)
        #expect(try second.trainAll() == .finished)
        expectSameRun(second, whole, "stopped after \(stop)")
        let log = try MetricsLog(contentsOf: folder.appendingPathComponent(TrainingRun.metricsName), upTo: .max)
        #expect(log.rows.map(\.loss) == whole.log.rows.map(\.loss))
      }
    }
  }

  @Test func stoppedAgainAndAgain() throws {
    let scenario = Scenario(dropout: 0.3)
    let whole = try uninterrupted(scenario)
    try withTemporaryFolder { folder in
      for stop in 1..<12 {
        let run = scenario.run(in: folder)
        if stop > 1 { try run.resume() }
        #expect(try run.trainAll(stoppingAfter: stop) == .interrupted)
      }
      let last = scenario.run(in: folder)
      try last.resume()
      try last.trainAll()
      expectSameRun(last, whole, "stopped after every step")
      // The best model on disk is that of an uninterrupted run.
      let other = folder.appendingPathComponent("whole")
      try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
      try scenario.run(in: other).trainAll()
      let names = [folder, other].map { $0.appendingPathComponent(TrainingRun.modelName) }
      #expect(try Data(contentsOf: names[0]) == Data(contentsOf: names[1]))
    }
  }

  /// A killed process leaves the folder as it was at some time between checkpoints.
  @Test(arguments: [5, 7, 8, 10])
  func killedAndResumedFromTheLastCheckpoint(step: Int) throws {
    let scenario = Scenario(dropout: 0.3)
    let whole = try uninterrupted(scenario)
    try withTemporaryFolder { folder in
      let (left, copy) = (folder.appendingPathComponent("left"), folder.appendingPathComponent("copy"))
      try FileManager.default.createDirectory(at: left, withIntermediateDirectories: false)
      try scenario.run(in: left).trainAll { progress in
        if progress.step == step { try? FileManager.default.copyItem(at: left, to: copy) }
      }
      let run = scenario.run(in: copy)
      try run.resume()
      #expect(run.step == (step < 8 ? 4 : 8))
      try run.trainAll()
      expectSameRun(run, whole, "killed after \(step)")
    }
  }

  @Test func killedBetweenTheLogAndTheCheckpoint() throws {
    let scenario = Scenario()
    let whole = try uninterrupted(scenario)
    try withTemporaryFolder { folder in
      try scenario.run(in: folder).trainAll(stoppingAfter: 6)
      let checkpoint = folder.appendingPathComponent(TrainingRun.checkpointName)
      let old = try Data(contentsOf: checkpoint)
      let run = scenario.run(in: folder)
      try run.resume()
      try run.trainAll()
      // The log has all steps, the checkpoint only six.
      try old.write(to: checkpoint)
      let again = scenario.run(in: folder)
      try again.resume()
      #expect(again.step == 6 && again.log.rows.count == 6)
      try again.trainAll()
      expectSameRun(again, whole, "an older checkpoint")
    }
  }

  @Test func moreStepsCanBeAdded() throws {
    try withTemporaryFolder { folder in
      try Scenario().run(in: folder).trainAll()
      let run = Scenario(steps: 15).run(in: folder)
      try run.resume()
      #expect(run.step == 12)
      #expect(try run.trainAll() == .finished)
      #expect(run.step == 15 && run.log.rows.map(\.step) == Array(1...15))
    }
  }

  @Test func aGPTWithDropoutResumesToo() throws {
    func run(in folder: URL?) -> (TrainingRun, GPT) {
      let model = withSeed(5) {
        GPT(.init(vocabularySize: 9, contextLength: 6, layers: 2, heads: 2, width: 8, dropout: 0.2))
      }
      let run = TrainingRun(
        model: model, optimizer: AdamW(model.parameters), schedule: ConstantSchedule(0.01),
        settings: .init(steps: 6, validationInterval: 2, checkpointInterval: 4), folder: folder)
      return (run, model)
    }
    func train(_ run: TrainingRun, _ model: GPT, stoppingAfter stop: Int = .max) throws {
      let fixed = IndexTensor([1, 2, 3, 4, 5, 6], shape: [1, 6])
      try run.train(
        loss: { generator in
          let ids = IndexTensor(generator.integers(count: 12, below: 9)).reshaped(to: [2, 6])
          return crossEntropy(model(ids), ids)
        }, validate: { crossEntropy(model(fixed), fixed).scalar }, shouldStop: { run.step >= stop })
    }
    let (whole, wholeModel) = run(in: nil)
    try train(whole, wholeModel)
    try withTemporaryFolder { folder in
      let (first, firstModel) = run(in: folder)
      try train(first, firstModel, stoppingAfter: 3)
      let (second, secondModel) = run(in: folder)
      try second.resume()
      try train(second, secondModel)
      expectSameRun(second, whole, "GPT")
    }
  }

  /// The learning rate of a plateau schedule depends on all validation losses, which a resumed run takes from the log.
  @Test func aPlateauResumesToo() throws {
    func run(in folder: URL?) -> TrainingRun {
      let model = Scenario().run(in: nil).network
      return TrainingRun(
        model: model, optimizer: SGD(model.parameters, momentum: 0.9),
        // Hardly any loss is a sufficient improvement, so the rate falls at almost every validation.
        schedule: PlateauSchedule(0.1, factor: 0.5, patience: 0, threshold: .relative(0.9)),
        settings: .init(steps: 12, validationInterval: 2, checkpointInterval: 4), folder: folder)
    }
    let whole = run(in: nil)
    try whole.trainAll()
    #expect(Set(whole.log.rows.map(\.learningRate)).count > 3)
    for stop in [3, 4, 9] {
      try withTemporaryFolder { folder in
        try run(in: folder).trainAll(stoppingAfter: stop)
        let second = run(in: folder)
        try second.resume()
        try second.trainAll()
        expectSameRun(second, whole, "stopped after \(stop)")
        // When the run is resumed once more, the schedule still receives each loss only once.
        try second.resume()
        #expect(second.schedule.learningRate(at: 12) == whole.schedule.learningRate(at: 12))
      }
    }
  }

  @Test func oneCycleSetsTheMomentum() throws {
    let model = Scenario().run(in: nil).network
    let optimizers: [any MomentumOptimizer] = [
      SGD(model.parameters, momentum: 0.9), Adam(model.parameters), RMSprop(model.parameters, momentum: 0.5),
    ]
    for optimizer in optimizers {
      let schedule = OneCycleSchedule(peak: 0.1, steps: 6)
      var momenta: [Float] = []
      try TrainingRun(model: model, optimizer: optimizer, schedule: schedule, settings: .init(steps: 6)).trainAll { _ in
        momenta.append(optimizer.momentum)
      }
      #expect(momenta == (0..<6).map { Float(schedule.momentum(at: $0) ?? 0) } && Set(momenta).count > 3)
    }
  }

  @Test func anOptimizerWithoutMomentumCannotFollowOneCycle() async {
    await #expect(processExitsWith: .failure) {
      _ = TrainingRun(
        model: Sequential {}, optimizer: Adagrad([]), schedule: OneCycleSchedule(peak: 1, steps: 9),
        settings: .init(steps: 9))
    }
  }
}

/// Folders that a run cannot be resumed from: typed errors, and an unchanged run.
@Suite struct ResumeErrorTests {
  /// The error of resuming from a finished run's folder that was changed. The run must be unchanged afterwards.
  private func error<Failure: Error>(
    _ type: Failure.Type, saved: Scenario = Scenario(), resumed: Scenario = Scenario(), changing: (URL) throws -> Void
  ) throws -> Failure? {
    try withTemporaryFolder { folder in
      try saved.run(in: folder).trainAll()
      try changing(folder)
      let run = resumed.run(in: folder)
      let error = #expect(throws: type) { try run.resume() }
      #expect(run.step == 0 && run.log.rows.isEmpty && run.best == nil && run.seconds == 0)
      let untouched = resumed.run(in: nil)
      #expect(run.optimizer.state.map(\.tensor) == untouched.optimizer.state.map(\.tensor))
      if type != OptimizerStateError.self {
        #expect(
          run.model.stateDictionary.entries.map(\.tensor) == untouched.model.stateDictionary.entries.map(\.tensor))
      }
      return error
    }
  }

  private func checkpoint(_ folder: URL) -> URL { folder.appendingPathComponent(TrainingRun.checkpointName) }
  private func metrics(_ folder: URL) -> URL { folder.appendingPathComponent(TrainingRun.metricsName) }

  /// Rewrites the checkpoint with other metadata.
  private func rewrite(_ folder: URL, _ change: (inout [String: String]) -> Void) throws {
    let file = try SafetensorsFile(contentsOf: checkpoint(folder))
    var metadata = file.metadata
    change(&metadata)
    let tensors = try file.entries.map { ($0.name, try file.tensor(named: $0.name)) }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: checkpoint(folder))
  }

  @Test func anotherSeed() throws {
    let error = try error(FileFormatError.self, resumed: Scenario(seed: 8)) { _ in }
    let problem = try #require(error?.problems.first)
    #expect(problem.expected == "8" && problem.found == "7" && problem.place.description.contains("seed"))
    #expect(error?.path.hasSuffix(TrainingRun.checkpointName) == true)
  }

  @Test func noCheckpoint() throws {
    let error = try error(FileFormatError.self) { try FileManager.default.removeItem(at: checkpoint($0)) }
    #expect(error?.path.hasSuffix(TrainingRun.checkpointName) == true)
  }

  @Test func garbage() throws {
    for garbage in [Data(), Data("garbage".utf8), Data(repeating: 0xFF, count: 100)] {
      _ = try error(FileFormatError.self) { try garbage.write(to: checkpoint($0)) }
    }
    _ = try error(FileFormatError.self) { folder in
      let whole = try Data(contentsOf: checkpoint(folder))
      try whole.prefix(whole.count - 5).write(to: checkpoint(folder))
    }
  }

  @Test func anotherKindOfFile() throws {
    let error = try error(FileFormatError.self) { folder in
      try Data(contentsOf: folder.appendingPathComponent(TrainingRun.modelName)).write(to: checkpoint(folder))
    }
    #expect(error?.description.contains("format") == true)
  }

  @Test func metadataThatMakesNoSense() throws {
    for step in [nil, "", "four", "-1", "1e3"] {
      let error = try error(FileFormatError.self) { try rewrite($0) { $0["step"] = step } }
      #expect(error?.description.contains("step") == true)
    }
  }

  @Test func theLogIsMissingOrBroken() throws {
    let missing = try error(FileFormatError.self) { try FileManager.default.removeItem(at: metrics($0)) }
    #expect(missing?.path.hasSuffix(TrainingRun.metricsName) == true)
    let broken = try error(FileFormatError.self) { folder in
      try Data("garbage".utf8).write(to: metrics(folder))
    }
    #expect(broken?.path.hasSuffix(TrainingRun.metricsName) == true)
  }

  @Test func anotherModel() throws {
    let error = try error(StateDictionaryError.self, resumed: Scenario(hidden: 5)) { _ in }
    #expect(error?.misshapen.map(\.name) == ["layers.0.weight", "layers.0.bias", "layers.2.weight"])
  }

  @Test func anotherOptimizer() throws {
    let toAdam = try error(
      OptimizerStateError.self, saved: Scenario(optimizer: .momentum), resumed: Scenario(optimizer: .adamW)
    ) { _ in }
    #expect((toAdam?.problems.count ?? 0) >= 9)
    _ = try error(
      OptimizerStateError.self, saved: Scenario(optimizer: .adamW), resumed: Scenario(optimizer: .momentum)
    ) { _ in }
  }
}
