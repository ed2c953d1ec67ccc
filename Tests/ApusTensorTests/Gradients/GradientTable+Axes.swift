// Gradient rows of statistics, sorting and indexing along axes, repetitions and einsum.
// Read first: GradientTable.swift. Read next: GradientTable+Shaping.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  private static let cube = Samples.normal([2, 3, 4], seed: 41)
  private static let axisLists = [[0], [1], [-1], [0, 1], [2, 1], [0, 2], [0, 1, 2]]

  static let axes: [GradientRow] =
    axisLists.flatMap { axes -> [GradientRow] in
      [
        GradientRow("variance", "along \(axes)", at: [cube]) { $0[0].variance(along: axes) },
        GradientRow("variance", "along \(axes), correction 0, kept", at: [cube]) {
          $0[0].variance(along: axes, correction: 0, keepingDimensions: true).squared()
        },
        GradientRow("standardDeviation", "along \(axes)", at: [cube]) { $0[0].standardDeviation(along: axes) },
        GradientRow("logSumExp", "along \(axes)", at: [cube]) { $0[0].logSumExp(along: axes).squared() },
        GradientRow("logSumExp", "along \(axes), kept", at: [cube]) {
          $0[0].logSumExp(along: axes, keepingDimensions: true)
        },
        GradientRow("extremumAlongAxes", "max along \(axes)", at: [Samples.distinct([2, 3, 4], seed: 42)]) {
          $0[0].max(along: axes).squared()
        },
        GradientRow("extremumAlongAxes", "min along \(axes), kept", at: [Samples.distinct([2, 3, 4], seed: 43)]) {
          $0[0].min(along: axes, keepingDimensions: true)
        },
      ]
    }
    + [0, 1, 2, -1].flatMap { axis -> [GradientRow] in
      [
        GradientRow("cumulativeSum", "along \(axis)", at: [cube]) { $0[0].cumulativeSum(along: axis).squared() },
        GradientRow("variance", "along axis \(axis)", at: [cube]) { $0[0].variance(along: axis) },
        GradientRow("extremumAlongAxis", "max with indices along \(axis)", at: [Samples.distinct([2, 3, 4], seed: 44)])
        {
          $0[0].maxWithIndices(along: axis).values
        },
        GradientRow("extremumAlongAxis", "min with indices along \(axis)", at: [Samples.distinct([2, 3, 4], seed: 45)])
        {
          $0[0].minWithIndices(along: axis, keepingDimensions: true).values.squared()
        },
      ]
    } + [
      GradientRow("variance", "of all", at: [cube]) { $0[0].variance() },
      GradientRow("variance", "rows that outgrow a register", at: [Samples.normal([3, 45])]) {
        $0[0].variance(along: 1)
      },
      GradientRow("variance", "columns that outgrow a register", at: [Samples.normal([5, 45])]) {
        $0[0].variance(along: 0)
      },
      GradientRow("variance", "of nothing", at: [.zeros([0, 3])], isFlat: true) { $0[0].variance(along: 1) },
      GradientRow("standardDeviation", "of all", at: [cube]) { $0[0].standardDeviation() },
      GradientRow("logSumExp", "beside −∞", at: [Samples.normal([2, 3])]) {
        concatenated([$0[0], Tensor(repeating: -.infinity, shape: [2, 2])], along: 1).logSumExp(along: 1)
      },
      GradientRow("logSumExp", "of nothing", at: [.zeros([0, 3])], isFlat: true) { $0[0].logSumExp(along: 1) },
      GradientRow("extremumAlongAxes", "max of all", at: [Samples.distinct([5, 19])]) { $0[0].max() },
      GradientRow("extremumAlongAxes", "min of a number", at: [Samples.normal([])]) { $0[0].min() },
      GradientRow("cumulativeSum", "of a vector", at: [Samples.normal([45])]) { $0[0].cumulativeSum(along: 0) },
      GradientRow("cumulativeSum", "of nothing", at: [.zeros([0, 3])], isFlat: true) { $0[0].cumulativeSum(along: 0) },
    ]

  static let orders: [GradientRow] =
    [0, 1, 2, -1].flatMap { axis -> [GradientRow] in
      let x = Samples.distinct([2, 3, 4], seed: 46)
      return [
        GradientRow("sorted", "along \(axis)", at: [x]) { $0[0].sorted(along: axis).values * cube },
        GradientRow("sorted", "along \(axis), descending", at: [x]) {
          $0[0].sorted(along: axis, descending: true).values * cube
        },
        GradientRow("topK", "along \(axis)", at: [x]) { $0[0].topK(2, along: axis).values.squared() },
        GradientRow("topK", "along \(axis), smallest", at: [x]) { $0[0].topK(1, along: axis, largest: false).values },
      ]
    } + [
      GradientRow("sorted", "a long line", at: [Samples.distinct([70])]) { $0[0].sorted().values.squared() },
      GradientRow("topK", "of a long line", at: [Samples.distinct([70])]) { $0[0].topK(20).values.squared() },
      GradientRow("topK", "nothing", at: [Samples.normal([3])], isFlat: true) { $0[0].topK(0).values },
    ]

  static let picks: [GradientRow] = [
    GradientRow("gather", "along 1", at: [Samples.normal([3, 5])]) {
      $0[0].gather(IndexTensor([4, 0, 4, 1, 2, 2], shape: [3, 2]), along: 1).squared()
    },
    GradientRow("gather", "along 0", at: [Samples.normal([3, 5])]) {
      $0[0].gather(IndexTensor([2, 0, 1, 1, 0, 0, 2, 2], shape: [4, 2]), along: 0)
    },
    GradientRow("gather", "one along −1", at: [Samples.normal([4, 5])]) {
      $0[0].gather(IndexTensor([4, 0, 3, 3], shape: [4, 1]), along: -1).exp()
    },
    GradientRow("gather", "the middle", at: [cube]) {
      $0[0].gather(Samples.indices([2, 5, 4], below: 3), along: 1).squared()
    },
    GradientRow("gather", "nothing", at: [Samples.normal([3, 2])], isFlat: true) {
      $0[0].gather(IndexTensor([], shape: [0, 2]), along: 0)
    },
    GradientRow("scatter", "along 1", at: [Samples.normal([2, 5]), Samples.normal([2, 3], seed: 2)]) {
      $0[0].scatter($0[1], at: IndexTensor([4, 0, 1, 2, 3, 1], shape: [2, 3]), along: 1).squared()
    },
    GradientRow(
      "scatter", "along 0, a part of the source", at: [Samples.normal([5, 4]), Samples.normal([3, 4], seed: 2)]
    ) {
      $0[0].scatter($0[1], at: IndexTensor([4, 0, 1, 2, 3, 0], shape: [2, 3]), along: 0).squared()
    },
    GradientRow("scatter", "one along 1", at: [Samples.normal([3, 4]), Samples.normal([3, 1], seed: 2)]) {
      $0[0].scatter($0[1], at: IndexTensor([3, 3, 0], shape: [3, 1]), along: 1).exp()
    },
    GradientRow("scatterAdd", "along 1, meeting", at: [Samples.normal([2, 3]), Samples.normal([2, 4], seed: 2)]) {
      $0[0].scatterAdd($0[1], at: IndexTensor([2, 2, 0, 2, 1, 0, 1, 1], shape: [2, 4]), along: 1).squared()
    },
    GradientRow("scatterAdd", "along 0", at: [Samples.normal([3, 4]), Samples.normal([5, 3], seed: 2)]) {
      $0[0].scatterAdd($0[1], at: Samples.indices([5, 3], below: 3), along: 0).squared()
    },
    GradientRow("indexSelect", "rows", at: [Samples.normal([4, 3])]) { $0[0].indexSelect([3, 3, 0], along: 0).exp() },
    GradientRow("indexSelect", "columns", at: [Samples.normal([4, 3])]) {
      $0[0].indexSelect([2, 2, 0, 2], along: 1).exp()
    },
    GradientRow("indexSelect", "the middle", at: [cube]) { $0[0].indexSelect([1, 1, 2, 1], along: 1).squared() },
    GradientRow("indexSelect", "nothing", at: [cube], isFlat: true) { $0[0].indexSelect([], along: 1) },
  ]

  static let repeats: [GradientRow] = [
    GradientRow("slice", "every second column", at: [Samples.normal([3, 7])]) {
      $0[0].slice(1..<7, along: 1, step: 2).squared()
    },
    GradientRow("slice", "every third row", at: [Samples.normal([8, 2])]) { $0[0].slice(0..<8, step: 3) },
    GradientRow("slice", "the middle, by twos", at: [Samples.normal([2, 5, 3])]) {
      $0[0].slice(0..<5, along: 1, step: 2).exp()
    },
    GradientRow("slice", "uneven split", at: [Samples.normal([2, 6])]) {
      let parts = $0[0].split(sizes: [1, 3, 2], along: 1)
      return parts[0] * parts[1] + parts[2].sum()
    },
    GradientRow("slice", "split and used as a whole", at: [Samples.normal([6])]) {
      let parts = $0[0].split(into: 2, along: 0)
      return concatenated([parts[1], $0[0]], along: 0).squared().slice(0..<6) * $0[0] + parts[0].sum()
    },
    GradientRow("slice", "unstacked", at: [Samples.normal([2, 3])]) {
      let parts = $0[0].unstacked(along: 1)
      return parts[0] * parts[1] - parts[2].squared()
    },
    GradientRow("concatenated", "stacked in front", at: [Samples.normal([2, 3]), Samples.normal([2, 3], seed: 2)]) {
      stacked($0).squared()
    },
    GradientRow("concatenated", "stacked behind", at: [Samples.normal([2, 3]), Samples.normal([2, 3], seed: 2)]) {
      stacked([$0[0], $0[1], $0[0]], along: -1).squared()
    },
    GradientRow("rolled", "backwards", at: [Samples.normal([5, 2])]) {
      $0[0].rolled(by: -2, along: 0) * Samples.normal([5, 2], seed: 3)
    },
    GradientRow("padded", "everywhere", at: [Samples.normal([2, 3])]) {
      $0[0].padded([(1, 0), (2, 3)], with: 1).squared()
    },
    GradientRow("padded", "one axis of three", at: [cube]) { $0[0].padded(before: 1, after: 2, along: 1).exp() },
    GradientRow("padded", "nothing", at: [.zeros([0, 2])], isFlat: true) { $0[0].padded([(2, 1), (0, 1)], with: 3) },
    GradientRow("tiled", "both axes", at: [Samples.normal([2, 3])]) { $0[0].tiled([3, 2]) * Samples.normal([6, 6]) },
    GradientRow("tiled", "a new axis", at: [Samples.normal([3])]) { $0[0].tiled([2, 2]) * Samples.normal([2, 6]) },
    GradientRow("tiled", "the middle", at: [cube]) { $0[0].tiled([1, 2, 1]) * Samples.normal([2, 6, 4]) },
    GradientRow("tiled", "no times", at: [cube], isFlat: true) { $0[0].tiled([1, 0, 1]) },
    GradientRow("repeated", "columns", at: [Samples.normal([2, 3])]) {
      $0[0].repeated(2, along: 1) * Samples.normal([2, 6])
    },
    GradientRow("repeated", "rows", at: [Samples.normal([2, 3])]) {
      $0[0].repeated(3, along: 0) * Samples.normal([6, 3])
    },
    GradientRow("flipped", "rows", at: [Samples.normal([3, 2])]) {
      $0[0].flipped(along: 0) * Samples.normal([3, 2], seed: 4)
    },
    GradientRow("flipped", "two of three axes", at: [cube]) {
      $0[0].flipped(along: [0, -1]) * Samples.normal([2, 3, 4], seed: 4)
    },
    GradientRow("diagonal", "of a matrix", at: [Samples.normal([3, 5])]) { $0[0].diagonal().squared() },
    GradientRow("diagonal", "of the outer axes", at: [Samples.normal([3, 2, 4])]) {
      $0[0].diagonal(of: 0, and: 2).exp()
    },
    GradientRow("reshaped", "unsqueezed, squeezed, flattened", at: [cube]) {
      $0[0].unsqueezed(at: 1).squeezed(at: 1).flattened(from: 1).squared()
    },
    GradientRow("permuted", "two axes exchanged", at: [cube]) { $0[0].transposed(0, 2).squared() },
  ]

  static let contractions: [GradientRow] =
    ([
      ("matmul", "ij,jk->ik", [[2, 3], [3, 4]]), ("matmul", "ji,kj->ki", [[3, 2], [4, 3]]),
      ("matmul", "ji,jk", [[3, 2], [3, 4]]), ("matmul", "bhid,bhjd->bhij", [[2, 2, 3, 4], [2, 2, 5, 4]]),
      ("matmul", "bqhd,bkhd->hbqk", [[2, 3, 2, 4], [2, 2, 2, 4]]),
      ("matmul", "...ij,jk->...ik", [[2, 3, 4], [4, 2]]),
      ("matmul", "...i,...ij", [[2, 3], [4, 1, 3, 2]]), ("matmul", "ab,bc,cd->ad", [[2, 3], [3, 2], [2, 4]]),
      ("multiply", "i,j->ji", [[3], [4]]), ("multiply", "ij,ij->", [[2, 3], [2, 3]]),
      ("multiply", "bi,bj,bk->bijk", [[2, 3], [2, 2], [2, 4]]), ("sum", "ij->j", [[2, 3]]),
      ("permuted", "ijk->kij", [[2, 3, 4]]), ("diagonal", "ii->i", [[3, 3]]), ("diagonal", "ii", [[3, 3]]),
      ("diagonal", "iij,ji->j", [[3, 3, 2], [2, 3]]), ("diagonal", "iii->i", [[2, 2, 2]]),
      ("matmul", "ij,jk,k", [[2, 3], [3, 4], [4]]), ("multiply", "ij,kj->ik", [[2, 1], [3, 4]]),
    ] as [(String, String, [Shape])]).map { operation, equation, shapes in
      GradientRow(
        operation, "einsum \(equation)",
        at: shapes.enumerated().map { Samples.normal($0.element, seed: 50 + UInt64($0.offset)) }
      ) { einsum(equation, $0) }
    }
}
