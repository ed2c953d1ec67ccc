// Elementwise functions compared with Foundation's in Double: every function is the one that its name says.
// (Accuracy over all floats is tested with the kernels.) Read first: ApusTensor/Ops/Elementary.swift.

import ApusKernelTypes
import ApusKernelsReference
import ApusTesting
import Foundation
import Testing

@testable import ApusTensor

@Suite struct ElementaryTests {
  private static func phi(_ x: Double) -> Double { 0.5 * (1 + Foundation.erf(x / 2.0.squareRoot())) }

  private typealias Row = (
    name: String, domain: ClosedRange<Float>, method: @Sendable (Tensor) -> Tensor,
    formula: @Sendable (Double) -> Double
  )

  private static let functions: [Row] = [
    ("exp", -5...5, { $0.exp() }, { Foundation.exp($0) }),
    ("log", 0.01...10, { $0.log() }, { Foundation.log($0) }),
    ("squareRoot", 0...10, { $0.squareRoot() }, { $0.squareRoot() }),
    ("squared", -3...3, { $0.squared() }, { $0 * $0 }),
    ("reciprocal", 0.1...5, { $0.reciprocal() }, { 1 / $0 }),
    ("absoluteValue", -3...3, { $0.absoluteValue() }, { abs($0) }),
    ("inverseSquareRoot", 0.1...10, { $0.inverseSquareRoot() }, { 1 / $0.squareRoot() }),
    ("sin", -20...20, { $0.sin() }, { Foundation.sin($0) }),
    ("cos", -20...20, { $0.cos() }, { Foundation.cos($0) }),
    ("floor", -5...5, { $0.floor() }, { $0.rounded(.down) }),
    ("ceil", -5...5, { $0.ceil() }, { $0.rounded(.up) }),
    ("round", -5...5, { $0.round() }, { $0.rounded() }),
    ("leakyRelu", -3...3, { $0.leakyRelu() }, { max($0, 0) + 0.01 * min($0, 0) }),
    ("elu", -3...3, { $0.elu(alpha: 0.7) }, { $0 > 0 ? $0 : 0.7 * (Foundation.exp($0) - 1) }),
    ("softplus", -5...5, { $0.softplus() }, { Foundation.log(1 + Foundation.exp($0)) }),
    ("softplus 3", -5...5, { $0.softplus(beta: 3) }, { Foundation.log(1 + Foundation.exp(3 * $0)) / 3 }),
    ("pow", 0...5, { $0.pow(1.3) }, { Foundation.pow($0, Double(Float(1.3))) }),
    ("pow of a number", -3...3, { Tensor(1.7).pow($0) }, { Foundation.pow(Double(Float(1.7)), $0) }),
    ("clamped", -3...3, { $0.clamped(min: -1, max: 2) }, { min(max($0, -1), 2) }),
    ("tanh", -4...4, { $0.tanh() }, { Foundation.tanh($0) }),
    ("erf", -3...3, { $0.erf() }, { Foundation.erf($0) }),
    ("relu", -3...3, { $0.relu() }, { max($0, 0) }),
    ("gelu", -4...4, { $0.gelu() }, { $0 * phi($0) }),
    (
      "geluTanh", -4...4, { $0.gelu(approximation: .tanh) },
      { 0.5 * $0 * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
    ),
    ("silu", -5...5, { $0.silu() }, { $0 / (1 + Foundation.exp(-$0)) }),
    ("quickGelu", -5...5, { $0.quickGelu() }, { $0 / (1 + Foundation.exp(-1.702 * $0)) }),
    ("sigmoid", -5...5, { $0.sigmoid() }, { 1 / (1 + Foundation.exp(-$0)) }),
  ]

  @Test func functionsAreWhatTheirNamesSay() {
    for (name, domain, function, expected) in ElementaryTests.functions {
      for shape in [[], [7], [5, 33]] as [Shape] {
        let x = Samples.uniform(shape, in: domain)
        let exact = Tensor(x.scalars.map { Float(expected(Double($0))) }, shape: shape)
        let comparison = Comparison(function(x), exact, absolute: 2e-7, relativeToLargest: 4e-7)
        #expect(comparison.isClose, "\(name): \(comparison)")
      }
    }
  }

  @Test func edgesOfTheDomain() {
    #expect(Tensor([0]).log() == Tensor([-.infinity]) && Tensor([-1]).log().scalar.isNaN)
    #expect(Tensor([-1]).squareRoot().scalar.isNaN && Tensor([0, 4]).squareRoot() == Tensor([0, 2]))
    #expect(Tensor([-200, 200]).exp() == Tensor([0, .infinity]))
    #expect(Tensor([-100, 100]).sigmoid().scalars[1] == 1 && Tensor([-100, 100]).tanh() == Tensor([-1, 1]))
  }

  /// An activation's name names its kernel, whose twin says what it computes, and the method of `Tensor`.
  @Test func activationsAreWhatTheirNamesSay() throws {
    let x = Samples.normal([3, 5]) * 2
    let weight = Samples.normal([4, 5], seed: 2)
    for activation in Activation.allCases {
      let operation = try #require(UnaryOperation.allCases.first { "\($0)" == activation.rawValue })
      #expect(activation.operation == operation)
      let twin = Reference.unary(operation, x.scalars.map(Double.init)).map { Float($0) }
      let comparison = Comparison(activation(x), Tensor(twin, shape: x.shape), absolute: 2e-7, relativeToLargest: 4e-7)
      #expect(comparison.isClose, "\(activation): \(comparison)")
      if let function = ElementaryTests.functions.first(where: { $0.name == activation.rawValue }) {
        #expect(activation(x) == function.method(x), "\(activation)")
      }
      // Fused into a product it is the same function, recorded or not.
      let fused = linear(x, weight: weight, activation: activation)
      let apart = activation(linear(x, weight: weight))
      #expect(Comparison(fused, apart, absolute: 1e-6, relativeToLargest: 1e-6).isClose, "\(activation)")
      #expect(Activation(rawValue: activation.rawValue) == activation)
    }
  }
}
