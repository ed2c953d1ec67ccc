// Gradient rows of elementwise operations. Read first: GradientTable.swift.
// Read next: GradientTable+Shaping.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  static let binary: [GradientRow] = broadcastPairs.flatMap { pair -> [GradientRow] in
    let (a, b) = (Samples.normal(pair.0, seed: 3), Samples.normal(pair.1, seed: 4))
    let divisor = Samples.awayFromZero(pair.1, in: 0.6...2, seed: 5)
    // The operands of maximum and minimum are spaced by a half and shifted by a quarter, to avoid ties.
    let (low, high) = (Samples.distinct(pair.0, spacing: 0.5), Samples.distinct(pair.1, spacing: 0.5, seed: 2) + 0.25)
    let isFlat = pair.0.contains(0) || pair.1.contains(0)
    return [
      GradientRow("add", "", at: [a, b], isFlat: isFlat) { $0[0] + $0[1] },
      GradientRow("subtract", "", at: [a, b], isFlat: isFlat) { $0[0] - $0[1] },
      GradientRow("multiply", "", at: [a, b], isFlat: isFlat) { $0[0] * $0[1] },
      GradientRow("divide", "", at: [a, divisor], isFlat: isFlat) { $0[0] / $0[1] },
      GradientRow("extremum", "maximum", at: [low, high], isFlat: isFlat) { maximum($0[0], $0[1]) },
      GradientRow("extremum", "minimum", at: [low, high], isFlat: isFlat) { minimum($0[0], $0[1]) },
    ]
  }

  static let inPlace: [GradientRow] = [
    GradientRow("add", "+=", at: [Samples.normal([2, 3]), Samples.normal([2, 3], seed: 2)]) {
      var sum = $0[0]
      sum += $0[1]
      return sum
    },
    GradientRow("add", "+= broadcast", at: [Samples.normal([2, 3]), Samples.normal([3], seed: 2)]) {
      var sum = $0[0]
      sum += $0[1]
      return sum
    },
    GradientRow("subtract", "-=", at: [Samples.normal([2, 3]), Samples.normal([2, 3], seed: 2)]) {
      var difference = $0[0]
      difference -= $0[1]
      return difference
    },
    GradientRow("add", "+= on a constant", at: [Samples.normal([2, 3])]) {
      var sum = Tensor.ones([2, 3])
      sum += $0[0]
      sum += $0[0]
      return sum
    },
    GradientRow("multiply", "by itself", at: [Samples.normal([2, 3])]) { $0[0] * $0[0] },
    GradientRow("divide", "by itself squared", at: [Samples.awayFromZero([4], in: 0.6...2)]) {
      $0[0] / ($0[0] * $0[0])
    },
  ]

  static let scalars: [GradientRow] = ([[], [5], [2, 3], [3, 0]] as [Shape]).flatMap { shape -> [GradientRow] in
    let x = Samples.awayFromZero(shape, in: 0.6...2, seed: 6)
    let isFlat = shape.contains(0)
    return [
      GradientRow("negate", "", at: [x], isFlat: isFlat) { -$0[0] },
      GradientRow("addScalar", "x + 2", at: [x], isFlat: isFlat) { $0[0] + 2 },
      GradientRow("addScalar", "2 + x", at: [x], isFlat: isFlat) { 2 + $0[0] },
      GradientRow("addScalar", "x − 2", at: [x], isFlat: isFlat) { $0[0] - 2 },
      GradientRow("negate", "2 − x", at: [x], isFlat: isFlat) { 2 - $0[0] },
      GradientRow("scale", "x · −3", at: [x], isFlat: isFlat) { $0[0] * -3 },
      GradientRow("scale", "−3 · x", at: [x], isFlat: isFlat) { -3 * $0[0] },
      GradientRow("divide", "x / 4", at: [x], isFlat: isFlat) { $0[0] / 4 },
      GradientRow("divide", "4 / x", at: [x], isFlat: isFlat) { 4 / $0[0] },
    ]
  }

  /// A scalar, less than a vector register, several registers with a remainder, and an empty tensor.
  private static let pointwiseShapes: [Shape] = [[], [7], [3, 5], [2, 37], [0, 2]]

  static let elementary: [GradientRow] = pointwiseShapes.flatMap { shape -> [GradientRow] in
    let (x, positive) = (Samples.normal(shape, seed: 7), Samples.uniform(shape, in: 0.4...3, seed: 8))
    let away = Samples.awayFromZero(shape, in: 0.5...2, seed: 9)
    let isFlat = shape.contains(0)
    return [
      GradientRow("exp", "", at: [x], isFlat: isFlat) { $0[0].exp() },
      GradientRow("log", "", at: [positive], isFlat: isFlat) { $0[0].log() },
      GradientRow("squareRoot", "", at: [positive], isFlat: isFlat) { $0[0].squareRoot() },
      GradientRow("inverseSquareRoot", "", at: [positive], isFlat: isFlat) { $0[0].inverseSquareRoot() },
      GradientRow("sin", "", at: [x], isFlat: isFlat) { $0[0].sin() },
      GradientRow("cos", "", at: [x], isFlat: isFlat) { $0[0].cos() },
      GradientRow("squared", "", at: [x], isFlat: isFlat) { $0[0].squared() },
      GradientRow("reciprocal", "", at: [away], isFlat: isFlat) { $0[0].reciprocal() },
      GradientRow("absoluteValue", "", at: [away], isFlat: isFlat) { $0[0].absoluteValue() },
      GradientRow("tanh", "", at: [x], isFlat: isFlat) { $0[0].tanh() },
      GradientRow("erf", "", at: [x], isFlat: isFlat) { $0[0].erf() },
    ]
  }

  static let activations: [GradientRow] = pointwiseShapes.flatMap { shape -> [GradientRow] in
    let (x, away) = (Samples.normal(shape, seed: 2) * 2, Samples.awayFromZero(shape, seed: 12))
    let isFlat = shape.contains(0)
    return Activation.allCases.map { activation in
      let operation = activation == .geluTanh ? "gelu" : activation.rawValue
      return GradientRow(operation, "as \(activation)", at: [activation == .relu ? away : x], isFlat: isFlat) {
        activation($0[0])
      }
    }
  }

  static let parametric: [GradientRow] = pointwiseShapes.flatMap { shape -> [GradientRow] in
    let (x, away) = (Samples.normal(shape, seed: 2) * 2, Samples.awayFromZero(shape, seed: 12))
    let positive = Samples.uniform(shape, in: 0.5...2, seed: 8)
    let isFlat = shape.contains(0)
    return [
      GradientRow("leakyRelu", "", at: [away], isFlat: isFlat) { $0[0].leakyRelu(slope: 0.2) },
      GradientRow("elu", "", at: [away], isFlat: isFlat) { $0[0].elu() },
      GradientRow("elu", "alpha 0.5", at: [away], isFlat: isFlat) { $0[0].elu(alpha: 0.5) },
      GradientRow("softplus", "", at: [x], isFlat: isFlat) { $0[0].softplus() },
      GradientRow("softplus", "beta 2", at: [x], isFlat: isFlat) { $0[0].softplus(beta: 2) },
      GradientRow("pow", "1.5", at: [positive], isFlat: isFlat) { $0[0].pow(1.5) },
      GradientRow("pow", "3", at: [away], isFlat: isFlat) { $0[0].pow(3) },
      GradientRow("squared", "pow 2", at: [x], isFlat: isFlat) { $0[0].pow(2) },
      GradientRow("reciprocal", "pow −1", at: [positive], isFlat: isFlat) { $0[0].pow(-1) },
      GradientRow("clamped", "", at: [Samples.distinct(shape, spacing: 0.5)], isFlat: isFlat) {
        $0[0].clamped(min: -0.625, max: 0.875)
      },
    ]
  }

  static let selections: [GradientRow] = broadcastPairs.flatMap { pair -> [GradientRow] in
    let (a, b) = (Samples.normal(pair.0, seed: 3), Samples.normal(pair.1, seed: 4))
    let base = Samples.uniform(pair.0, in: 0.5...2, seed: 5)
    let isFlat = pair.0.contains(0) || pair.1.contains(0)
    let mask = greater(a + b, 0)
    return [
      GradientRow("select", "", at: [a, b], isFlat: isFlat) { select(mask, $0[0], $0[1]) },
      GradientRow("select", "by signs", at: [a, b], isFlat: isFlat) { select(greater(a, 0), $0[0] * 2, $0[1] + 1) },
      GradientRow("pow", "tensors", at: [base, b], isFlat: isFlat) { $0[0].pow($0[1]) },
    ]
  }

  static let dropouts: [GradientRow] = [
    GradientRow("droppingOut", "by the scope's seed", at: [Samples.normal([4, 6])]) {
      $0[0].droppingOut(probability: 0.5)
    },
    GradientRow("droppingOut", "by a generator", at: [Samples.normal([3, 37])]) {
      $0[0].droppingOut(probability: 0.1, using: RandomGenerator(seed: 7))
    },
    GradientRow("droppingOut", "twice", at: [Samples.normal([20])]) {
      $0[0].droppingOut(probability: 0.25).droppingOut(probability: 0.25)
    },
  ]
}
