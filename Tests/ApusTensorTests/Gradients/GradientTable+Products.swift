// Gradient rows of matrix products, linear maps and normalization. Read first: GradientTable.swift.
// Read next: GradientTable+Attention.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  /// Shapes of A and B, before either is stored transposed.
  private static let productShapes: [(Shape, Shape)] = [
    ([3, 4], [4, 5]), ([1, 4], [4, 1]), ([3, 1], [1, 2]), ([2, 3, 4], [4, 2]), ([2, 3, 4], [1, 4, 2]),
    ([2, 3, 4], [2, 4, 2]), ([3, 4], [2, 4, 2]), ([1, 3, 4], [3, 4, 2]), ([2, 1, 3, 4], [3, 4, 2]),
    ([2, 2, 2, 3], [2, 2, 3, 2]), ([1, 1, 2, 3], [3, 2]), ([17, 33], [33, 19]), ([3, 9, 20], [20, 18]),
  ]

  private static func swapped(_ shape: Shape) -> Shape {
    Shape(shape.dropLast(2) + [shape[shape.rank - 1], shape[shape.rank - 2]])
  }

  static let matrixProducts: [GradientRow] =
    productShapes.flatMap { pair -> [GradientRow] in
      let (a, b) = (Samples.normal(pair.0, seed: 14), Samples.normal(pair.1, seed: 15))
      let aTransposed = Samples.normal(swapped(pair.0), seed: 16)
      let bTransposed = Samples.normal(swapped(pair.1), seed: 17)
      return [
        GradientRow("matmul", "A·B", at: [a, b]) { $0[0].matmul($0[1]) },
        GradientRow("matmul", "Aᵀ·B", at: [aTransposed, b]) { $0[0].matmul($0[1], transposing: .first) },
        GradientRow("matmul", "A·Bᵀ", at: [a, bTransposed]) { $0[0].matmul($0[1], transposing: .second) },
      ]
    } + [
      GradientRow("matmul", "row · matrix", at: vectors([4], [4, 3])) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "row · matrices", at: vectors([4], [2, 4, 3])) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "row · matrixᵀ", at: vectors([4], [3, 4])) { $0[0].matmul($0[1], transposing: .second) },
      GradientRow("matmul", "matrix · column", at: vectors([3, 4], [4])) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "matrices · column", at: vectors([2, 3, 4], [4])) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "matrixᵀ · column", at: vectors([4, 3], [4])) { $0[0].matmul($0[1], transposing: .first) },
      GradientRow("matmul", "dot product", at: vectors([6], [6])) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "with itself", at: [Samples.normal([3, 3])]) { $0[0].matmul($0[0]) },
      GradientRow("matmul", "with itself, transposed", at: [Samples.normal([3, 2])]) {
        $0[0].matmul($0[0], transposing: .second)
      },
      GradientRow("matmul", "columns · matrix", at: vectors([3, 7], [4, 5])) { $0[0].columns(2..<6).matmul($0[1]) },
      GradientRow("matmul", "matrix · columns", at: vectors([3, 4], [4, 7])) { $0[0].matmul($0[1].columns(1..<4)) },
      GradientRow("matmul", "columnsᵀ · columns", at: vectors([2, 4, 5], [4, 7])) {
        $0[0].columns(0..<3).matmul($0[1].columns(6..<7), transposing: .first)
      },
      GradientRow("matmul", "two parts of one projection", at: [Samples.normal([2, 4, 9])]) {
        $0[0].columns(0..<3).matmul($0[0].columns(3..<6), transposing: .second)
      },
      GradientRow("matmul", "stacked columns · one matrix", at: vectors([2, 3, 7], [5, 3])) {
        $0[0].columns(4..<7).matmul($0[1], transposing: .second)
      },
      GradientRow("matmul", "no columns of some", at: vectors([3, 4], [4, 3]), isFlat: true) {
        $0[0].columns(2..<2).matmul($0[1].slice(0..<0))
      },
      GradientRow("matmul", "prepacked", at: vectors([18, 5], [7, 5])) {
        $0[0].matmul($0[1].prepacked(), transposing: .second)
      },
      GradientRow("matmul", "nothing inside", at: vectors([2, 0], [0, 3]), isFlat: true) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "no rows", at: vectors([0, 2], [2, 3]), isFlat: true) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "no columns", at: vectors([2, 3, 2], [2, 0]), isFlat: true) { $0[0].matmul($0[1]) },
      GradientRow("matmul", "stacked, nothing inside", at: vectors([2, 3, 0], [0, 4]), isFlat: true) {
        $0[0].matmul($0[1])
      },
      GradientRow("matmul", "no matrices", at: vectors([0, 2, 3], [3, 2]), isFlat: true) { $0[0].matmul($0[1]) },
    ]

  private static func vectors(_ a: Shape, _ b: Shape) -> [Tensor] {
    [Samples.normal(a, seed: 18), Samples.normal(b, seed: 19)]
  }

  /// Multiples of a half: their products with quarters sum to eighths, so with a bias of a sixteenth none is near
  /// ReLU's kink.
  private static func halves(_ shape: Shape, seed: UInt64) -> Tensor {
    Tensor(Samples.awayFromZero(shape, seed: seed).scalars.map { ($0 * 2).rounded() / 2 }, shape: shape)
  }

  private static let allActivations: [Activation?] = [nil] + Activation.allCases

  static let linearMaps: [GradientRow] =
    allActivations.flatMap { activation -> [GradientRow] in
      let name = activation?.rawValue ?? "no activation"
      let shapes: [(Shape, Shape)] = [
        ([3, 4], [5, 4]), ([2, 3, 4], [2, 4]), ([4], [3, 4]), ([1, 4], [2, 4]), ([8, 4], [1, 4]),
        ([2, 9, 20], [35, 20]),
      ]
      return shapes.flatMap { x, weight -> [GradientRow] in
        // Sums of twenty halves are large: the last shape is scaled so that no activation saturates.
        let factor: Float = x.rank == 3 && x[2] == 20 ? 0.25 : 1
        let inputs = [
          halves(x, seed: 20) * 0.5, halves(weight, seed: 21) * factor,
          Tensor(repeating: 0.0625 * factor, shape: [weight[0]]),
        ]
        return [
          GradientRow("linear", "\(name), bias", at: inputs) {
            linear($0[0], weight: $0[1], bias: $0[2], activation: activation)
          },
          GradientRow("linear", "\(name), a constant bias", at: Array(inputs.prefix(2))) {
            linear(
              $0[0], weight: $0[1], bias: Tensor(repeating: 0.0625 * factor, shape: [weight[0]]), activation: activation
            )
          },
        ]
      }
    }
    + allActivations.map { activation in
      GradientRow(
        "linear", "\(activation?.rawValue ?? "no activation"), no bias",
        at: [Samples.uniform([3, 4], in: 0.2...1, seed: 22), Samples.uniform([5, 4], in: 0.2...1, seed: 23)]
      ) { linear($0[0], weight: $0[1], activation: activation) }
    } + [
      GradientRow("linear", "no inputs", at: [.zeros([2, 0]), .zeros([3, 0]), Samples.normal([3])]) {
        linear($0[0], weight: $0[1], bias: $0[2]).squared()
      },
      GradientRow(
        "linear", "no rows", at: [.zeros([0, 2]), Samples.normal([3, 2]), Samples.normal([3])], isFlat: true
      ) {
        linear($0[0], weight: $0[1], bias: $0[2])
      },
    ]

  /// Feed-forward networks with every input tracked, and with some inputs constant.
  static let feedForwards: [GradientRow] =
    Activation.allCases.flatMap { activation -> [GradientRow] in
      let inputs = [
        halves([2, 3, 4], seed: 20) * 0.5, halves([5, 4], seed: 21), Tensor(repeating: 0.0625, shape: [5]),
        Samples.normal([3, 5], seed: 22), Samples.normal([3], seed: 23),
      ]
      func row(_ details: String, _ inputs: [Tensor], _ function: @escaping @Sendable ([Tensor]) -> [Tensor?])
        -> GradientRow
      {
        GradientRow("feedForward", "\(activation.rawValue), \(details)", at: inputs) {
          let all = function($0)
          guard let x = all[0], let w1 = all[1], let w2 = all[3] else { return Tensor(0) }
          return feedForward(x, expansion: (w1, all[2]), activation: activation, contraction: (w2, all[4]))
        }
      }
      let without = { (index: Int) in inputs[..<index] + inputs[(index + 1)...] }
      return [
        row("biases", inputs) { $0 },
        row("no biases", [Samples.uniform([2, 3, 4], in: 0.2...1, seed: 24), inputs[1].absoluteValue(), inputs[3]]) {
          [$0[0], $0[1], nil, $0[2], nil]
        },
        row("a constant input", Array(without(0))) { [inputs[0]] + $0 },
        row("a constant expansion", [inputs[0], inputs[3]]) { [$0[0], inputs[1], inputs[2], $0[1], inputs[4]] },
        row("only the contraction", [inputs[3], inputs[4]]) { Array(inputs[..<3]) + $0 },
      ]
    } + [
      GradientRow(
        "feedForward", "several tiles",
        at: [
          halves([70, 20], seed: 20) * 0.25, halves([60, 20], seed: 21) * 0.25, Tensor(repeating: 0.0156, shape: [60]),
          Samples.normal([9, 60], seed: 22),
        ]
      ) { feedForward($0[0], expansion: ($0[1], $0[2]), activation: .geluTanh, contraction: ($0[3], nil)) },
      GradientRow(
        "feedForward", "no rows",
        at: [.zeros([0, 2]), Samples.normal([3, 2]), Samples.normal([3]), Samples.normal([2, 3])], isFlat: true
      ) { feedForward($0[0], expansion: ($0[1], $0[2]), activation: .gelu, contraction: ($0[3], nil)) },
    ]

  static let normalizations: [GradientRow] =
    ([([4, 6], [6]), ([2, 3, 5], [5]), ([2, 3, 4], [3, 4]), ([7], [7]), ([2, 2, 3], [2, 2, 3]), ([3, 45], [45])]
    as [(Shape, Shape)]).flatMap { shape, normalized -> [GradientRow] in
      let x = Samples.normal(shape, seed: 24) * 2 + 0.5
      let (weight, bias) = (Samples.normal(normalized, seed: 25), Samples.normal(normalized, seed: 26))
      return [
        GradientRow("layerNorm", "weight and bias", at: [x, weight, bias]) {
          layerNorm($0[0], weight: $0[1], bias: $0[2])
        },
        GradientRow("layerNorm", "weight", at: [x, weight]) { layerNorm($0[0], weight: $0[1], epsilon: 1e-3) },
        GradientRow("layerNorm", "bias", at: [x, bias]) { layerNorm($0[0], weight: nil, bias: $0[1]) },
      ]
    } + [
      GradientRow("layerNorm", "plain", at: [Samples.normal([3, 6], seed: 27)]) { layerNorm($0[0], weight: nil) },
      GradientRow(
        "layerNorm", "no rows", at: [.zeros([0, 4]), Samples.normal([4]), Samples.normal([4])], isFlat: true
      ) {
        layerNorm($0[0], weight: $0[1], bias: $0[2])
      },
    ]

  static let rootMeanSquares: [GradientRow] =
    ([([4, 6], [6]), ([2, 3, 5], [5]), ([2, 3, 4], [3, 4]), ([7], [7]), ([3, 45], [45])] as [(Shape, Shape)])
    .flatMap { shape, normalized -> [GradientRow] in
      let (x, weight) = (Samples.normal(shape, seed: 24) * 2 + 0.5, Samples.normal(normalized, seed: 25))
      return [
        GradientRow("rmsNorm", "weight", at: [x, weight]) { rmsNorm($0[0], weight: $0[1]) },
        GradientRow("rmsNorm", "constant weight", at: [x]) { rmsNorm($0[0], weight: weight, epsilon: 0.1) },
      ]
    } + [
      GradientRow("rmsNorm", "plain", at: [Samples.normal([3, 6], seed: 27)]) { rmsNorm($0[0], weight: nil) },
      GradientRow("rmsNorm", "no rows", at: [.zeros([0, 4]), Samples.normal([4])], isFlat: true) {
        rmsNorm($0[0], weight: $0[1])
      },
    ]

  static let groupNorms: [GradientRow] =
    ([([2, 6, 5], 3), ([2, 4, 3, 2], 2), ([3, 4, 7], 1), ([2, 3, 2, 2, 2], 3), ([2, 6], 2), ([1, 2, 19], 2)]
    as [(Shape, Int)]).flatMap { shape, groups -> [GradientRow] in
      let x = Samples.normal(shape, seed: 24) * 2 + 0.5
      let (weight, bias) = (Samples.normal([shape[1]], seed: 25), Samples.normal([shape[1]], seed: 26))
      return [
        GradientRow("groupNorm", "\(groups) groups, weight and bias", at: [x, weight, bias]) {
          groupNorm($0[0], groups: groups, weight: $0[1], bias: $0[2])
        },
        GradientRow("groupNorm", "\(groups) groups, weight", at: [x, weight]) {
          groupNorm($0[0], groups: groups, weight: $0[1], epsilon: 1e-3)
        },
        GradientRow("groupNorm", "\(groups) groups, bias", at: [x, bias]) {
          groupNorm($0[0], groups: groups, bias: $0[1])
        },
        GradientRow("groupNorm", "\(groups) groups, plain", at: [x]) { groupNorm($0[0], groups: groups) },
      ]
    }
    + ([[0, 4, 3], [2, 4, 0]] as [Shape]).map { shape in
      GradientRow(
        "groupNorm", "nothing", at: [.zeros(shape), Samples.normal([4]), Samples.normal([4])], isFlat: true
      ) { groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2]) }
    }
}
