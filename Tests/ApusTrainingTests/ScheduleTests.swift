// Learning rates beside PyTorch's and the Transformers library's, and the ends of each part of the curve.

import ApusTraining
import Foundation
import Testing

@Suite struct ScheduleTests {
  private struct Fixture: Decodable {
    struct Schedule: Decodable {
      var name: String
      var values: [Double]
    }
    var schedules: [Schedule]
  }

  private func values(_ name: String) throws -> [Double] {
    let data = try Data(contentsOf: OptimizerCase.url("lr_schedules.json"))
    let schedules = try JSONDecoder().decode(Fixture.self, from: data).schedules
    return try #require(schedules.first { $0.name == name }).values
  }

  /// Our rates are floats: each is within two roundings of the exact one, of the size of the largest.
  private func expectRates(
    _ schedule: WarmupCosineSchedule, _ expected: [Double], steps: Range<Int>, _ name: String
  ) {
    let allowed = 2 * Double(schedule.peak.ulp)
    for step in steps {
      let rate = Double(schedule.learningRate(at: step))
      #expect(abs(rate - expected[step]) <= allowed, "\(name), step \(step): \(rate), expected \(expected[step])")
    }
  }

  @Test func cosineAnnealing() throws {
    let expected = try values("cosine_annealing")
    #expect(expected.count == 50)
    expectRates(.init(peak: 0.1, floor: 0.001, total: 50), expected, steps: 0..<50, "cosine_annealing")
  }

  @Test func cosineAnnealingToZero() throws {
    // PyTorch's rises again after its end; ours stays.
    let expected = try values("cosine_annealing_past_its_end")
    let schedule = WarmupCosineSchedule(peak: 0.1, total: 20)
    expectRates(schedule, expected, steps: 0..<21, "cosine_annealing_past_its_end")
    for step in [20, 21, 30, 1_000_000] { #expect(schedule.learningRate(at: step) == 0) }
  }

  @Test func cosineAfterAWarmup() throws {
    // In its warm-up the library's rate is step/8, ours (step + 1)/8: no step is lost at rate 0.
    let expected = try values("cosine_with_warmup")
    let schedule = WarmupCosineSchedule(peak: 0.001, warmup: 8, total: 48)
    expectRates(schedule, expected, steps: 8..<49, "cosine_with_warmup")
    expectRates(schedule, Array(expected.dropFirst()), steps: 0..<8, "warm-up")
    #expect(schedule.learningRate(at: 0) > 0)
  }

  @Test func endsOfTheCurve() {
    let schedule = WarmupCosineSchedule(peak: 1, floor: 0.25, warmup: 4, total: 12)
    #expect((0..<5).map { schedule.learningRate(at: $0) } == [0.25, 0.5, 0.75, 1, 1])
    #expect(abs(schedule.learningRate(at: 8) - 0.625) < 1e-6)
    #expect(schedule.learningRate(at: 12) == 0.25 && schedule.learningRate(at: 13) == 0.25)
    // Never up again after the peak.
    for step in 4..<14 { #expect(schedule.learningRate(at: step + 1) <= schedule.learningRate(at: step)) }
  }

  @Test func nothingButWarmup() {
    let schedule = WarmupCosineSchedule(peak: 1, floor: 0.5, warmup: 2, total: 2)
    #expect((0..<4).map { schedule.learningRate(at: $0) } == [0.5, 1, 0.5, 0.5])
    #expect(WarmupCosineSchedule(peak: 1, total: 0).learningRate(at: 0) == 0)
  }

  @Test func constant() {
    #expect([0, 1, 1_000].map { ConstantSchedule(0.3).learningRate(at: $0) } == [0.3, 0.3, 0.3])
  }

  @Test func moreWarmupThanStepsStops() async {
    await #expect(processExitsWith: .failure) { _ = WarmupCosineSchedule(peak: 1, warmup: 3, total: 2) }
    await #expect(processExitsWith: .failure) { _ = WarmupCosineSchedule(peak: 1, warmup: -1, total: 2) }
  }
}
