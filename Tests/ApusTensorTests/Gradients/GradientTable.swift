// The gradient table: the type of its rows, and all rows. GradientCoverageTests.swift requires one for every operation.
// Read next: GradientTable+Arithmetic.swift for rows, GradientTests.swift for the check.

import ApusTensor
import ApusTesting
import Testing

/// One check of one recorded operation.
struct GradientRow: Sendable, CustomTestStringConvertible {
  /// The literal in the operation's `.recorded("…")`.
  let operation: String
  let gradientCase: GradientCase
  /// Whether all derivatives are 0 by definition: the result is empty, or does not depend on the input.
  let isFlat: Bool

  /// - Parameter isFlat: whether all derivatives are 0; any other row must have one that is not.
  init(
    _ operation: String, _ details: String, at inputs: [Tensor], options: GradientCheckOptions = .init(),
    isFlat: Bool = false, _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.operation = operation
    self.isFlat = isFlat
    let shapes = inputs.map { "\($0.shape)" }.joined(separator: ", ")
    let title = [operation, details, shapes].filter { !$0.isEmpty }.joined(separator: " ")
    gradientCase = GradientCase(title, at: inputs, options: options, function)
  }

  var testDescription: String { gradientCase.name }
}

enum GradientTable {
  static let rows: [GradientRow] =
    binary + inPlace + scalars + elementary + activations + parametric + selections + shapes + parts + reductions
    + matrixProducts
    + linearMaps + feedForwards + normalizations + rootMeanSquares + groupNorms + lookups + losses + attentions
    + selfAttentions
    + rotations + axes + orders + picks + repeats + contractions
    + dropouts

  /// Pairs of shapes that broadcast: equal ones, missing axes, ones on either side and on both, scalars, empty shapes.
  static let broadcastPairs: [(Shape, Shape)] = [
    ([2, 3], [2, 3]), ([2, 3], [3]), ([3], [2, 3]), ([2, 3], [2, 1]), ([2, 1], [1, 3]), ([], [2, 3]), ([2, 3], []),
    ([4, 1, 3], [2, 1]), ([2, 3, 2], [3, 1]), ([2, 1, 3, 1], [4, 1, 2]), ([1], [5]), ([1, 1], [2, 3]), ([], []),
    ([2, 3, 1, 2], [3, 4, 1]), ([0, 3], [1, 3]), ([2, 1], [2, 0]), ([3, 21], [21]), ([5, 1], [5, 19]),
  ]
}
