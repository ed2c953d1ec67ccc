// The training loop: steps, validation and checkpoints, the best model, and losses that are not finite.
// Read first: TrainingRunFixture.swift. Read next: ResumeTests.swift.

import ApusFiles
import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import ApusWeights
import Foundation
import Testing

@Suite struct TrainingRunTests {
  @Test func learns() throws {
    let run = Scenario(steps: 300).run(in: nil)
    let begin = run.validationLoss()
    #expect(try run.trainAll() == .finished)
    #expect(run.validationLoss() < 0.2 * begin, "\(begin) → \(run.validationLoss())")
  }

  @Test func stepsAreWhatTheyAreByHand() throws {
    let scenario = Scenario(clippingNorm: 0.05, dropout: 0.25, optimizer: .momentum)
    let (run, other) = (scenario.run(in: nil), scenario.run(in: nil))
    try run.trainAll()
    var clippedSteps = 0
    for step in 0..<12 {
      let generator = RandomGenerator(seed: 7, firstStream: UInt64(step) << 32)
      let (_, gradients) = withRandomGenerator(generator) { valueAndGradients { other.loss(generator) } }
      if gradients.norm > 0.05 { clippedSteps += 1 }
      other.optimizer.learningRate = Float(other.schedule.learningRate(at: step))
      other.optimizer.step(gradients.clipped(toNorm: 0.05))
    }
    #expect(clippedSteps > 0)
    #expect(run.network.stateDictionary.entries.map(\.tensor) == other.network.stateDictionary.entries.map(\.tensor))
  }

  @Test func seedsAndClippingMatter() throws {
    func weights(_ scenario: Scenario) throws -> [Tensor] {
      let run = scenario.run(in: nil)
      try run.trainAll()
      return run.network.stateDictionary.entries.map(\.tensor)
    }
    let plain = try weights(Scenario())
    #expect(try weights(Scenario()) == plain)
    #expect(try weights(Scenario(seed: 8)) != plain)
    #expect(try weights(Scenario(dropout: 0.5)) != plain)
    #expect(try weights(Scenario(clippingNorm: 1e-3, optimizer: .momentum)) != weights(Scenario(optimizer: .momentum)))
    // A limit that is never reached has no effect.
    #expect(try weights(Scenario(clippingNorm: 1e6)) == weights(Scenario(clippingNorm: nil)))
  }

  @Test func lossTrainsAndValidationInfers() throws {
    let run = Scenario().run(in: nil)
    var (lossModes, validationModes) = (Set<Bool>(), Set<Bool>())
    try run.train(
      loss: { generator in
        lossModes.insert(isTraining)
        return run.loss(generator)
      },
      validate: {
        validationModes.insert(isTraining)
        return 1
      })
    #expect(lossModes == [true] && validationModes == [false])
  }

  @Test func logHasEveryStep() throws {
    let run = Scenario().run(in: nil)
    var heard: [StepMetrics] = []
    try run.trainAll { heard.append($0.metrics) }
    #expect(run.log.rows == heard && heard.map(\.step) == Array(1...12))
    #expect(heard.map(\.learningRate) == (0..<12).map { Float(run.schedule.learningRate(at: $0)) })
    #expect(heard.filter { $0.validationLoss != nil }.map(\.step) == [3, 6, 9, 12])
    #expect(zip(heard, heard.dropFirst()).allSatisfy { $0.seconds <= $1.seconds } && heard[0].seconds > 0)
    #expect(run.seconds == heard.last?.seconds)
  }

  @Test func theLastStepValidatesAndSaves() throws {
    try withTemporaryFolder { folder in
      let run = Scenario(steps: 5, validationInterval: 100, checkpointInterval: 100).run(in: folder)
      var saved: [Int] = []
      try run.trainAll { if $0.isSaved { saved.append($0.step) } }
      #expect(saved == [5] && run.log.rows.compactMap(\.validationLoss).count == 1)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["checkpoint.safetensors", "metrics.csv", "model.safetensors"])
    }
  }

  @Test func aStopAfterTheLastStepIsNoInterruption() throws {
    let run = Scenario().run(in: nil)
    #expect(try run.trainAll(stoppingAfter: 12) == .finished)
    #expect(run.log.rows.last?.validationLoss != nil)
  }

  @Test func withoutAFolderNothingIsSaved() throws {
    let run = Scenario().run(in: nil)
    var saved = 0
    try run.trainAll { if $0.isSaved { saved += 1 } }
    #expect(saved == 0)
    try run.resume()
    #expect(run.step == 12)
    // All steps are done, so training again changes nothing.
    let before = run.network.stateDictionary.entries.map(\.tensor)
    #expect(try run.trainAll() == .finished)
    #expect(run.step == 12 && run.network.stateDictionary.entries.map(\.tensor) == before)
  }

  // MARK: The best model

  @Test func theBestModelIsTheOneWithTheLowestValidationLoss() throws {
    try withTemporaryFolder { folder in
      let run = Scenario(steps: 8, validationInterval: 1).run(in: folder)
      var scripted: [Float] = [3, 2, .nan, 2, 1, 1.5, .infinity, 1]
      var best: [Int] = []
      var weights: [Int: [Tensor]] = [:]
      try run.train(
        loss: run.loss, validate: { scripted.removeFirst() },
        onStep: { progress in
          if progress.isBest { best.append(progress.step) }
          weights[progress.step] = run.model.stateDictionary.entries.map(\.tensor)
        })
      // An equal loss is no improvement, and NaN is never the best.
      #expect(best == [1, 2, 5])
      #expect(run.best?.loss == 1 && run.best?.step == 5)
      let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent(TrainingRun.modelName))
      let saved = try run.model.stateDictionary.names.map { try file.tensor(named: $0) }
      #expect(saved == weights[5] && saved != weights[8])
    }
  }

  @Test func savingTheBestModelCanBeReplaced() throws {
    try withTemporaryFolder { folder in
      let run = Scenario(steps: 4, validationInterval: 1).run(in: folder)
      var saved: [Int] = []
      run.saveBestModel = { model in
        #expect(model === run.model)
        saved.append(run.step)
      }
      var scripted: [Float] = [3, 4, 2, 5]
      try run.train(loss: run.loss, validate: { scripted.removeFirst() })
      #expect(saved == [1, 3])
      #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent(TrainingRun.modelName).path))
    }
  }

  @Test func withoutValidationThereIsNoBest() throws {
    let run = Scenario().run(in: nil)
    try run.train(loss: run.loss)
    #expect(run.best == nil && run.log.rows.allSatisfy { $0.validationLoss == nil })
  }

  // MARK: Failures

  /// Trains with a loss that is not finite in one step, and expects the run to diverge with the given checkpoint on
  /// disk.
  private func expectDivergence(
    at spoiledStep: Int, checkpoint: Int, _ spoil: (Tensor, TrainingRun) -> Tensor
  ) throws {
    try withTemporaryFolder { folder in
      let run = Scenario().run(in: folder)
      var atCheckpoint: [Tensor] = []
      let outcome = try run.train(
        loss: { generator in
          let loss = run.loss(generator)
          return run.step + 1 == spoiledStep ? spoil(loss, run) : loss
        }, validate: run.validationLoss,
        onStep: { if $0.isSaved { atCheckpoint = run.model.stateDictionary.entries.map(\.tensor) } })
      #expect(outcome == .diverged)
      let resumed = Scenario().run(in: folder)
      try resumed.resume()
      #expect(resumed.step == checkpoint && resumed.log.rows.count == checkpoint)
      #expect(resumed.model.stateDictionary.entries.map(\.tensor) == atCheckpoint)
      #expect(atCheckpoint.allSatisfy { $0.scalars.allSatisfy(\.isFinite) })
      // From there, it continues as if the divergence had not happened.
      #expect(try resumed.trainAll() == .finished)
      let whole = Scenario().run(in: nil)
      try whole.trainAll()
      expectSameRun(resumed, whole, "after a divergence")
    }
  }

  @Test(arguments: [.nan, .infinity, -.infinity] as [Float], [5, 6, 8])
  func lossesThatAreNoNumbersEndTheRun(factor: Float, step: Int) throws {
    try expectDivergence(at: step, checkpoint: 4) { loss, _ in loss * factor }
  }

  @Test func aDivergedStepChangesNothing() throws {
    let run = Scenario().run(in: nil)
    var before: [Tensor] = []
    let outcome = try run.train(loss: { generator in
      before = run.model.stateDictionary.entries.map(\.tensor)
      return run.step == 5 ? run.loss(generator) * .nan : run.loss(generator)
    })
    #expect(outcome == .diverged && run.step == 5 && run.log.rows.count == 5)
    #expect(run.model.stateDictionary.entries.map(\.tensor) == before)
  }

  @Test(arguments: [7, 8, 12])
  func gradientsThatAreNoNumbersAreNotSaved(step: Int) throws {
    // The square root of 0 is 0, but its derivative is infinite.
    try expectDivergence(at: step, checkpoint: step == 12 ? 8 : 4) { loss, run in
      loss + (run.network(.zeros([1, 2])) * 0).squareRoot().sum()
    }
  }

  @Test func foldersThatCannotBeWrittenAreErrors() throws {
    try withTemporaryFolder { folder in
      let run = Scenario().run(in: folder.appendingPathComponent("no/such/folder"))
      #expect(throws: FileFormatError.self) { try run.trainAll() }
    }
  }

  @Test func impossibleSettingsStop() async {
    await #expect(processExitsWith: .failure) { _ = TrainingRun.Settings(steps: -1) }
    await #expect(processExitsWith: .failure) { _ = TrainingRun.Settings(steps: 1, validationInterval: 0) }
    await #expect(processExitsWith: .failure) { _ = TrainingRun.Settings(steps: 1, checkpointInterval: 0) }
  }
}
