// Learning rate schedules compared with PyTorch's and the Transformers library's, and the endpoints of their phases.
// Read next: TrainingRunTests.swift.

import ApusTraining
import Foundation
import Testing

@Suite struct ScheduleTests {
  private struct Fixture: Decodable {
    struct Schedule: Decodable {
      var name: String
      var values: [Double]
      var momentum: [Double]?
      var metrics: [Double]?
    }
    var schedules: [Schedule]
  }

  private static let fixtures: [String: Fixture.Schedule] = {
    guard let url = try? OptimizerCase.url("lr_schedules.json"), let data = try? Data(contentsOf: url),
      let fixture = try? JSONDecoder().decode(Fixture.self, from: data)
    else { return [:] }
    return Dictionary(uniqueKeysWithValues: fixture.schedules.map { ($0.name, $0) })
  }()

  /// The schedule for each of the fixture's, with its arguments.
  private static let schedules: [(name: String, schedule: any LearningRateSchedule)] = [
    ("cosine_annealing", CosineSchedule(0.1, floor: 0.001, steps: 50)),
    ("cosine_annealing_past_its_end", CosineSchedule(0.1, steps: 20)),
    ("cosine_warm_restarts", CosineRestartsSchedule(0.1, floor: 0.002, firstCycle: 8, cycleFactor: 2)),
    ("linear", LinearSchedule(from: 0.025, to: 0.1, steps: 12)),
    ("polynomial", PolynomialSchedule(0.1, steps: 40, power: 2)),
    ("step", StepSchedule(0.1, every: 12, factor: 0.5)),
    ("multi_step", MultiStepSchedule(0.1, milestones: [10, 25, 40], factor: 0.2)),
    ("exponential", ExponentialSchedule(0.1, factor: 0.93)),
    ("one_cycle_cosine", OneCycleSchedule(peak: 0.1, steps: 50)),
    (
      "one_cycle_linear",
      OneCycleSchedule(peak: 0.3, steps: 50, rise: 0.4, shape: .linear, divisor: 10, finalDivisor: 100)
    ),
    ("one_cycle_three_phase", OneCycleSchedule(peak: 0.2, steps: 50, hasThreePhases: true)),
    ("linear_with_warmup", LinearSchedule(from: 1e-3, steps: 35).afterWarmup(10, startsAtZero: true)),
    ("cosine_with_warmup", CosineSchedule(1e-3, steps: 40).afterWarmup(8, startsAtZero: true)),
    ("constant_with_warmup", ConstantSchedule(1e-3).afterWarmup(15, startsAtZero: true)),
    ("noam", InverseSquareRootSchedule(factor: 2, width: 64, warmup: 16)),
    ("plateau_min", PlateauSchedule(0.1, factor: 0.5, patience: 3, threshold: .relative(0.01))),
    (
      "plateau_max_absolute",
      PlateauSchedule(
        0.1, goal: .maximum, factor: 0.3, patience: 2, threshold: .absolute(0.05), cooldown: 2, minimum: 0.001)
    ),
  ]

  @Test func everyScheduleOfTheFixturesIsHere() {
    #expect(Self.fixtures.count == 17 && Set(Self.fixtures.keys) == Set(Self.schedules.map(\.name)))
  }

  private func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * abs(b) }

  @Test(arguments: schedules.map(\.name))
  func ratesAgree(name: String) throws {
    var schedule = try #require(Self.schedules.first { $0.name == name }).schedule
    let fixture = try #require(Self.fixtures[name])
    #expect(fixture.values.count == 50)
    for (step, expected) in fixture.values.enumerated() {
      let rate = schedule.learningRate(at: step)
      #expect(isClose(rate, expected), "\(name), step \(step): \(rate), expected \(expected)")
      if let momenta = fixture.momentum {
        let momentum = schedule.momentum(at: step) ?? .nan
        #expect(isClose(momentum, momenta[step]), "\(name), step \(step): momentum \(momentum), not \(momenta[step])")
      } else {
        #expect(schedule.momentum(at: step) == nil)
      }
      if let metrics = fixture.metrics { schedule.note(validationLoss: metrics[step]) }
    }
  }

  @Test func aScheduleCanBeAskedForAnyStep() {
    for (name, schedule) in Self.schedules {
      let forwards = (0..<60).map { schedule.learningRate(at: $0) }
      let backwards = (0..<60).reversed().map { schedule.learningRate(at: $0) }
      #expect(forwards == backwards.reversed() && forwards.allSatisfy { $0 >= 0 && $0.isFinite }, "\(name)")
    }
  }

  // MARK: Warmup and cosine

  @Test func endsOfTheCurve() {
    let schedule = WarmupCosineSchedule(peak: 1, floor: 0.25, warmup: 4, total: 12)
    #expect((0..<5).map { schedule.learningRate(at: $0) } == [0.25, 0.5, 0.75, 1, 1])
    #expect(isClose(schedule.learningRate(at: 8), 0.625))
    #expect(schedule.learningRate(at: 12) == 0.25 && schedule.learningRate(at: 13) == 0.25)
    // The rate never rises after the peak.
    for step in 4..<14 { #expect(schedule.learningRate(at: step + 1) <= schedule.learningRate(at: step)) }
  }

  @Test func theCurveIsACosineAfterItsWarmup() throws {
    let expected = try #require(Self.fixtures["cosine_with_warmup"]).values
    let schedule = WarmupCosineSchedule(peak: 0.001, warmup: 8, total: 48)
    // During warmup, the library's rate is step/8, and ours is (step + 1)/8, so that no step has rate 0.
    for step in 0..<8 { #expect(isClose(schedule.learningRate(at: step), expected[step + 1])) }
    for step in 8..<50 { #expect(abs(schedule.learningRate(at: step) - expected[min(step, 48)]) < 1e-15) }
  }

  @Test func nothingButWarmup() {
    let schedule = WarmupCosineSchedule(peak: 1, floor: 0.5, warmup: 2, total: 2)
    #expect((0..<4).map { schedule.learningRate(at: $0) } == [0.5, 1, 0.5, 0.5])
    #expect(WarmupCosineSchedule(peak: 1, total: 0).learningRate(at: 0) == 0)
  }

  @Test func constant() {
    #expect([0, 1, 1_000].map { ConstantSchedule(0.3).learningRate(at: $0) } == [0.3, 0.3, 0.3])
  }

  // MARK: Endpoints of other schedules

  @Test func schedulesEndWhereTheyShould() {
    #expect(LinearSchedule(from: 1, to: 0.5, steps: 4).learningRate(at: 1_000) == 0.5)
    #expect(PolynomialSchedule(1, steps: 4).learningRate(at: 1_000) == 0)
    let cycle = OneCycleSchedule(peak: 1, steps: 10)
    #expect(cycle.learningRate(at: 9) == cycle.learningRate(at: 1_000))
    #expect(cycle.momentum(at: 1_000) == 0.95)
    #expect(OneCycleSchedule(peak: 1, steps: 10, momenta: nil).momentum(at: 3) == nil)
    // A single step is both the first and the last.
    #expect(OneCycleSchedule(peak: 1, steps: 1).learningRate(at: 0).isFinite)
    let restarts = CosineRestartsSchedule(1, firstCycle: 5)
    #expect(restarts.learningRate(at: 1_000_000_000) == 1)
  }

  @Test func aWarmupStartsWithAPartOfTheLine() {
    let schedule = OneCycleSchedule(peak: 1, steps: 10).afterWarmup(4)
    let first = schedule.base.learningRate(at: 0)
    #expect((0..<5).map { schedule.learningRate(at: $0) } == [first / 4, first / 2, first * 0.75, first, first])
    #expect(schedule.momentum(at: 2) == 0.95 && schedule.momentum(at: 6) == 0.85)
    var plateau = PlateauSchedule(1, factor: 0.5, patience: 0).afterWarmup(2)
    for _ in 0..<2 { plateau.note(validationLoss: 3) }
    #expect(plateau.learningRate(at: 10) == 0.5)
  }

  @Test func aPlateauIsAValue() {
    var schedule = PlateauSchedule(1, factor: 0.5, patience: 1)
    schedule.note(validationLoss: 2)
    let before = schedule
    for _ in 0..<2 { schedule.note(validationLoss: .nan) }
    #expect(schedule.rate == 0.5 && before.rate == 1 && schedule.best == 2)
  }

  @Test func impossibleSettingsStop() async {
    await #expect(processExitsWith: .failure) { _ = WarmupCosineSchedule(peak: 1, warmup: 3, total: 2) }
    await #expect(processExitsWith: .failure) { _ = WarmupCosineSchedule(peak: 1, warmup: -1, total: 2) }
    await #expect(processExitsWith: .failure) { _ = StepSchedule(1, every: 0) }
    await #expect(processExitsWith: .failure) {
      _ = OneCycleSchedule(peak: 1, steps: 10, rise: 0.6, hasThreePhases: true)
    }
    await #expect(processExitsWith: .failure) { _ = PlateauSchedule(1, factor: 1) }
  }
}
