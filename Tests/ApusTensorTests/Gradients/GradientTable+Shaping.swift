// Gradient rows of shapes, slices, reductions and table lookups. Read first: GradientTable.swift.
// Read next: GradientTable+Products.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  static let shapes: [GradientRow] = [
    GradientRow("reshaped", "to [3, 4]", at: [Samples.normal([2, 6])]) { $0[0].reshaped(to: [3, 4]).squared() },
    GradientRow("reshaped", "to a vector", at: [Samples.normal([2, 1, 3])]) { $0[0].reshaped(-1) },
    GradientRow("reshaped", "to a number", at: [Samples.normal([1, 1])]) { $0[0].reshaped(to: []) },
    GradientRow("reshaped", "of nothing", at: [Tensor.zeros([0, 3])], isFlat: true) { $0[0].reshaped(to: [5, 0]) },
    GradientRow("permuted", "transposed()", at: [Samples.normal([3, 5])]) { $0[0].transposed() },
    GradientRow("permuted", "transposed()", at: [Samples.normal([2, 3, 4])]) { $0[0].transposed() },
    GradientRow("permuted", "[0]", at: [Samples.normal([5])]) { $0[0].permuted([0]) },
    GradientRow("permuted", "a number", at: [Samples.normal([])]) { $0[0].permuted([]) },
    GradientRow("permuted", "[2, 0, 1]", at: [Samples.normal([2, 3, 4])]) { $0[0].permuted([2, 0, 1]) },
    GradientRow("permuted", "[1, 2, 0]", at: [Samples.normal([2, 3, 4])]) { $0[0].permuted([1, 2, 0]).exp() },
    GradientRow("permuted", "[0, 2, 1, 3]", at: [Samples.normal([2, 3, 2, 2])]) { $0[0].permuted([0, 2, 1, 3]) },
    GradientRow("permuted", "[4, 2, 0, 3, 1]", at: [Samples.normal([2, 3, 1, 2, 2])]) {
      $0[0].permuted([4, 2, 0, 3, 1])
    },
    GradientRow("permuted", "larger than a tile", at: [Samples.normal([35, 41])]) { $0[0].permuted([1, 0]) },
    GradientRow("permuted", "nothing", at: [Tensor.zeros([2, 0])], isFlat: true) { $0[0].permuted([1, 0]) },
    GradientRow("broadcast", "to [2, 3]", at: [Samples.normal([1, 3])]) { $0[0].broadcast(to: [2, 3]) },
    GradientRow("broadcast", "to [4, 2, 3]", at: [Samples.normal([3])]) { $0[0].broadcast(to: [4, 2, 3]) },
    GradientRow("broadcast", "to [4, 2, 3]", at: [Samples.normal([2, 1])]) { $0[0].broadcast(to: [4, 2, 3]) },
    GradientRow("broadcast", "to [2, 2]", at: [Samples.normal([])]) { $0[0].broadcast(to: [2, 2]) },
    GradientRow("broadcast", "to [5]", at: [Samples.normal([1])]) { $0[0].broadcast(to: [5]) },
    GradientRow("broadcast", "to [2, 3]", at: [Samples.normal([1, 1])]) { $0[0].broadcast(to: [2, 3]) },
    GradientRow("broadcast", "to [3, 2, 4, 2]", at: [Samples.normal([3, 1, 4, 1])]) {
      $0[0].broadcast(to: [3, 2, 4, 2])
    },
    GradientRow("broadcast", "to nothing", at: [Samples.normal([1, 3])], isFlat: true) {
      $0[0].broadcast(to: [0, 3])
    },
  ]

  static let parts: [GradientRow] = [
    GradientRow("slice", "rows", at: [Samples.normal([5, 3])]) { $0[0].slice(1..<4) },
    GradientRow("slice", "columns", at: [Samples.normal([5, 3])]) { $0[0].slice(1..<3, along: 1) },
    GradientRow("slice", "columns from the back", at: [Samples.normal([2, 3, 4])]) { $0[0].slice(0..<1, along: -1) },
    GradientRow("slice", "the middle", at: [Samples.normal([2, 4, 3])]) { $0[0].slice(1..<3, along: 1) },
    GradientRow("slice", "a leading 1", at: [Samples.normal([1, 6, 2])]) { $0[0].slice(2..<5, along: 1) },
    GradientRow("slice", "a slice", at: [Samples.normal([6, 2])]) { $0[0].slice(1..<5).slice(1..<3).squared() },
    GradientRow("slice", "overlapping", at: [Samples.normal([5, 2])]) { $0[0].slice(0..<3) * $0[0].slice(2..<5) },
    GradientRow("slice", "everything", at: [Samples.normal([4])]) { $0[0].slice(0..<4) },
    GradientRow("slice", "nothing", at: [Samples.normal([4, 2])], isFlat: true) { $0[0].slice(2..<2) },
    GradientRow("slice", "split", at: [Samples.normal([2, 6])]) {
      let parts = $0[0].split(into: 3, along: 1)
      return parts[0] * parts[1] - parts[2]
    },
    GradientRow("concatenated", "rows", at: [Samples.normal([2, 3]), Samples.normal([1, 3], seed: 2)]) {
      concatenated($0, along: 0).squared()
    },
    GradientRow(
      "concatenated", "columns",
      at: [Samples.normal([2, 1]), Samples.normal([2, 3], seed: 2), Samples.normal([2, 2], seed: 3)]
    ) { concatenated($0, along: -1).squared() },
    GradientRow("concatenated", "the middle", at: [Samples.normal([2, 1, 3]), Samples.normal([2, 2, 3], seed: 2)]) {
      concatenated($0, along: 1)
    },
    GradientRow("concatenated", "one", at: [Samples.normal([2, 2])]) { concatenated($0, along: 1) },
    GradientRow("concatenated", "the same twice", at: [Samples.normal([2, 2])]) {
      concatenated([$0[0], $0[0]], along: 1).exp()
    },
    GradientRow("concatenated", "with nothing", at: [Samples.normal([2, 2]), Tensor.zeros([2, 0])]) {
      concatenated($0, along: 1)
    },
    GradientRow("concatenated", "empty rows", at: [Tensor.zeros([2, 0]), Tensor.zeros([1, 0])], isFlat: true) {
      concatenated($0, along: 0)
    },
  ]

  private static let cube = Samples.normal([2, 3, 4], seed: 12)

  static let reductions: [GradientRow] =
    [
      GradientRow("sum", "all", at: [cube]) { $0[0].sum() },
      GradientRow("sum", "a vector", at: [Samples.normal([5])]) { $0[0].sum() },
      GradientRow("sum", "a number", at: [Samples.normal([])]) { $0[0].sum() },
      GradientRow("sum", "of one", at: [Samples.normal([1, 1])]) { $0[0].sum() },
      GradientRow("sum", "no axes", at: [Samples.normal([2, 2])]) { $0[0].sum(along: []) },
      GradientRow("sum", "nothing", at: [Tensor.zeros([0, 3])], isFlat: true) { $0[0].sum(along: 0) },
      GradientRow("sum", "rows that outgrow a register", at: [Samples.normal([3, 45])]) { $0[0].sum(along: 1).exp() },
      GradientRow("sum", "columns that outgrow a register", at: [Samples.normal([5, 45])]) { $0[0].sum(along: 0) },
      GradientRow("scale", "mean of all", at: [cube]) { $0[0].mean() },
      GradientRow("sum", "mean along 1", at: [cube]) { $0[0].mean(along: 1).squared() },
      GradientRow("sum", "mean along 0 and −1", at: [cube]) { $0[0].mean(along: [0, -1], keepingDimensions: true) },
    ]
    + [[0], [1], [2], [-1], [0, 1], [1, 2], [0, 2], [2, 0], [0, 1, 2]].flatMap { axes in
      [false, true].map { keeps in
        GradientRow("sum", "along \(axes)\(keeps ? ", kept" : "")", at: [cube]) {
          $0[0].sum(along: axes, keepingDimensions: keeps).squared()
        }
      }
    }
    + [0, 1, 2, -1].flatMap { axis -> [GradientRow] in
      let x = Samples.distinct([2, 3, 4], seed: 13)
      return [
        GradientRow("extremumAlongAxis", "max along \(axis)", at: [x]) { $0[0].max(along: axis).squared() },
        GradientRow("extremumAlongAxis", "min along \(axis), kept", at: [x]) {
          $0[0].min(along: axis, keepingDimensions: true)
        },
      ]
    }
    + [
      GradientRow("extremumAlongAxis", "max of a vector", at: [Samples.distinct([40])]) { $0[0].max(along: 0) },
      GradientRow("extremumAlongAxis", "min of one", at: [Samples.normal([3, 1])]) { $0[0].min(along: 1) },
    ]

  static let lookups: [GradientRow] = [
    GradientRow("gathering", "rows", at: [Samples.normal([4, 3])]) { $0[0].gathering([2, 0, 2, 2, 3]) },
    GradientRow("gathering", "a matrix of rows", at: [Samples.normal([5, 2])]) {
      $0[0].gathering(IndexTensor([4, 1, 0, 1, 1, 3], shape: [2, 3])).squared()
    },
    GradientRow("gathering", "elements", at: [Samples.normal([6])]) { $0[0].gathering([5, 5, 0]) },
    GradientRow("gathering", "matrices", at: [Samples.normal([3, 2, 2])]) { $0[0].gathering([1, 2, 1, 0]) },
    GradientRow("gathering", "one row, by a number", at: [Samples.normal([3, 2])]) {
      $0[0].gathering(IndexTensor([1], shape: []))
    },
    GradientRow("gathering", "no rows", at: [Samples.normal([3, 2])], isFlat: true) { $0[0].gathering([]) },
    GradientRow("gathering", "wide rows", at: [Samples.normal([3, 37])]) { $0[0].gathering([2, 2, 0, 1, 2]) },
    GradientRow("scatterAdded", "rows", at: [Samples.normal([4, 3])]) {
      $0[0].scatterAdded(at: [1, 0, 1, 4], rows: 5).squared()
    },
    GradientRow("scatterAdded", "without a row", at: [Samples.normal([4, 3])]) {
      $0[0].scatterAdded(at: [1, 0, 1, 2], rows: 3, skipping: 1).squared()
    },
    GradientRow("scatterAdded", "a matrix of rows, without a row", at: [Samples.normal([2, 2, 3])]) {
      $0[0].scatterAdded(at: IndexTensor([1, 0, 1, 2], shape: [2, 2]), rows: 3, skipping: 0)
    },
    GradientRow("scatterAdded", "elements", at: [Samples.normal([5])]) {
      $0[0].scatterAdded(at: [0, 0, 0, 2, 1], rows: 3).exp()
    },
    GradientRow("scatterAdded", "matrices", at: [Samples.normal([3, 2, 2])]) {
      $0[0].scatterAdded(at: [1, 1, 0], rows: 2).squared()
    },
  ]
}
