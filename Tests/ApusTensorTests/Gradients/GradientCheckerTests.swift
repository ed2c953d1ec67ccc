// Tests of the gradient checker: correct gradients pass, and every kind of wrong gradient is found and named.
// Read first: ApusTesting/CheckGradients.swift.

import ApusTesting
import Testing

@testable import ApusTensor

@Suite struct GradientCheckerTests {
  private let x = Samples.normal([2, 3])

  /// x² with a gradient that the test chooses.
  private func squareWithGradient(_ gradient: @escaping (Tensor, Tensor) -> Tensor) -> ([Tensor]) -> Tensor {
    { inputs in
      let x = inputs[0]
      return (x.detached * x.detached).recorded("square") { wrt(x) { dy in gradient(x.detached, dy) } }
    }
  }

  @Test func rightGradientsPass() {
    let report = checkGradients(of: squareWithGradient { x, dy in 2 * x * dy }, at: [x], named: "square")
    #expect(report.passed && report.checks == 9 && report.largestDerivative > 0.1)
    #expect(report.description == "square: 9 derivatives agree")
  }

  @Test func aWrongFactorIsFound() {
    let report = checkGradients(of: squareWithGradient { x, dy in 2.05 * x * dy }, at: [x])
    // All elements except those that are too small to tell.
    #expect(report.failures.count >= 6)
    #expect(report.failures.allSatisfy { abs($0.analytic - 1.025 * $0.numeric) < 1e-3 })
  }

  @Test func oneWrongElementIsFoundAndNamed() throws {
    let report = checkGradients(
      of: squareWithGradient { x, dy in 2 * x * dy * Tensor([1, 1, 1, 1, 0.9, 1], shape: [2, 3]) }, at: [x],
      options: GradientCheckOptions(directions: 0))
    let failure = try #require(report.failures.first)
    #expect(report.failures.count == 1 && failure.direction == .coordinate([1, 1]) && failure.input == "input 0")
    #expect(report.description.contains("input 0, coordinate [1, 1]: tape"))
  }

  @Test func aMissingGradientIsFound() {
    let report = checkGradients(of: { $0[0] * $0[1].detached }, at: [x, x])
    #expect(Set(report.failures.map(\.input)) == ["input 1"])
    #expect(report.failures.allSatisfy { $0.analytic == 0 })
  }

  @Test func notANumberIsFound() {
    let report = checkGradients(of: squareWithGradient { x, _ in x * .nan }, at: [x])
    #expect(report.failures.count == report.checks)
  }

  @Test func aGradientOfTheWrongShapeIsFound() {
    let report = checkGradients(of: squareWithGradient { x, dy in (2 * x * dy).reshaped(to: [6]) }, at: [x])
    #expect(report.problems == ["input 0: a gradient of shape [6] for an input of shape [2, 3]"])
    #expect(!report.passed)
  }

  @Test func aValueThatDependsOnTheTapeIsFound() {
    let report = checkGradients(of: { $0[0] * ($0[0].isTracked ? 3 : 2) }, at: [x])
    #expect(report.problems.first?.hasPrefix("the value changes when it is recorded") == true)
  }

  @Test func aGradientThatDependsOnWhatElseIsTrackedIsFound() {
    func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
      let isWhole = a.isTracked && b.isTracked
      return (a.detached + b.detached).recorded("sum") {
        wrt([a, b]) { dy in isWhole ? [dy, dy] : [dy, dy * 2] }
      }
    }
    let report = checkGradients(of: { sum($0[0], $0[1]) }, at: [x, x])
    #expect(report.failures.isEmpty && report.problems.count == 1)
    #expect(report.problems.first?.hasPrefix("input 1: the gradient changes when no other input is tracked") == true)
  }

  @Test func randomnessIsTheSameInEveryCall() {
    let report = checkGradients(of: { $0[0].droppingOut(probability: 0.5) * 3 }, at: [Samples.normal([40])])
    #expect(report.passed && report.largestDerivative > 0.1, "\(report)")
  }

  @Test func largeInputsAreCheckedAlongDirectionsOnly() {
    let report = checkGradients(
      of: { $0[0].exp() }, at: [Samples.normal([5, 5])], options: GradientCheckOptions(directions: 7))
    #expect(report.passed && report.checks == 7)
  }

  @Test func parametersAreCheckedAndPutBack() {
    let (weight, bias) = (Variable(Samples.normal([2, 3])), Variable(Samples.normal([2], seed: 2)))
    let before = (weight.value, bias.value)
    let parameters = [("weight", weight), ("bias", bias)]
    let good = checkGradients(ofParameters: parameters, named: "layer") {
      linear(x, weight: weight.value, bias: bias.value).tanh()
    }
    #expect(good.passed && good.checks == 14 && good.largestDerivative > 0.1, "\(good)")
    #expect(weight.value == before.0 && bias.value == before.1)

    let bad = checkGradients(ofParameters: parameters) {
      linear(x, weight: weight.value, bias: bias.value.detached).tanh()
    }
    #expect(Set(bad.failures.map(\.input)) == ["bias"])
  }

  @Test func finiteDifferencesOfAQuadraticAreExactUpToRounding() {
    let x = Tensor([1, -2, 0.5])
    let gradient = finiteDifferenceGradient(of: { ($0 * $0).sum() }, at: x)
    #expect(Comparison(gradient, 2 * x, absolute: 1e-4).isClose)
    let derivative = finiteDifference(
      of: { $0 * $0 }, at: x, along: Tensor([0, 1, 0]), weights: Tensor([5, 3, 7]))
    #expect(abs(derivative - -12) < 1e-3)
  }

  @Test func comparisonsNameTheWorstPlace() {
    let expected = Tensor([1, 2, 3, 4, 5, 100], shape: [2, 3])
    let actual = expected + Tensor([0, 0, 0.5, 0, 0.25, 0], shape: [2, 3])
    let comparison = Comparison(actual, expected, absolute: 0.1, relativeToLargest: 1e-3)
    #expect(!comparison.isClose && comparison.wrongCount == 2 && abs(comparison.allowed - 0.2) < 1e-6)
    #expect(comparison.worst?.position == [0, 2] && comparison.worst?.error == 0.5)
    #expect(comparison.description.contains("3.5 instead of 3.0 at [0, 2]"))
    #expect(Comparison(actual, expected, absolute: 0, relativeToLargest: 5.1e-3).isClose)
    #expect(Comparison(expected, expected, absolute: 0).isClose)
    #expect(!Comparison(expected, expected.reshaped(to: [6]), absolute: 1).isClose)
  }

  @Test func comparisonsOfInfinitiesAndNaN() {
    let odd = Tensor([.infinity, -.infinity, .nan])
    #expect(Comparison(odd, odd, absolute: 0).isClose)
    #expect(!Comparison(Tensor([.infinity]), Tensor([-.infinity]), absolute: 1e30).isClose)
    #expect(!Comparison(Tensor([.nan]), Tensor([0]), absolute: 1e30).isClose)
    #expect(!Comparison(Tensor([0]), Tensor([.nan]), absolute: 1e30).isClose)
    #expect(!Comparison(Tensor([3]), Tensor([.infinity]), absolute: 1e30, relativeToLargest: 1).isClose)
  }

  @Test func samplesAreWhatTheySay() {
    #expect(Samples.normal([50]) == Samples.normal([50]) && Samples.normal([50]) != Samples.normal([50], seed: 2))
    let numbers = Samples.normal([4_000]).scalars
    #expect(abs(numbers.reduce(0, +) / 4_000) < 0.08)
    #expect(abs(numbers.reduce(0) { $0 + $1 * $1 } / 4_000 - 1) < 0.1)
    #expect(Samples.awayFromZero([200], in: 0.5...1).scalars.allSatisfy { abs($0) >= 0.5 && abs($0) <= 1 })
    #expect(Samples.awayFromZero([200]).scalars.contains { $0 < 0 })
    let distinct = Samples.distinct([30], spacing: 0.5).scalars.sorted()
    #expect(zip(distinct, distinct.dropFirst()).allSatisfy { $1 - $0 == 0.5 })
    #expect(Set(Samples.indices([100], below: 3).indices) == [0, 1, 2])
    #expect(Samples.uniform([100], in: 2...3).scalars.allSatisfy { (2...3).contains($0) })
  }
}
