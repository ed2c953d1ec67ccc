// Gradient rows of softmax and losses. Read first: GradientTable.swift.
// Read next: GradientTable+Attention.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  static let losses: [GradientRow] = softmaxes + logSoftmaxes + crossEntropies + reducedLosses

  private static let softmaxes: [GradientRow] = ([[5], [3, 5], [2, 3, 4], [4, 1], [3, 50]] as [Shape])
    .flatMap { shape -> [GradientRow] in
      let axes = (-shape.rank..<shape.rank).filter { shape[shape.normalized(axis: $0)] > 1 }
      return axes.map { axis in
        GradientRow("softmax", "along \(axis)", at: [Samples.normal(shape, seed: 28)]) { $0[0].softmax(along: axis) }
      }
    }

  private static let logSoftmaxes: [GradientRow] = ([[5], [3, 5], [2, 3, 4], [3, 50]] as [Shape])
    .flatMap { shape -> [GradientRow] in
      (0..<shape.rank).map { axis in
        GradientRow("logSoftmax", "along \(axis)", at: [Samples.normal(shape, seed: 28)]) {
          $0[0].logSoftmax(along: axis)
        }
      }
    }

  private static let crossEntropies: [GradientRow] = [
    GradientRow("softmax", "of one", at: [Samples.normal([4, 1])], isFlat: true) { $0[0].softmax() },
    GradientRow("softmax", "of nothing", at: [.zeros([0, 3])], isFlat: true) { $0[0].softmax() },
    GradientRow("crossEntropy", "mean", at: [Samples.normal([4, 5])]) { crossEntropy($0[0], [1, 0, 4, 1]) },
    GradientRow("crossEntropy", "sum", at: [Samples.normal([4, 5])]) {
      crossEntropy($0[0], [1, 0, 4, 1], reduction: .sum)
    },
    GradientRow("crossEntropy", "none", at: [Samples.normal([4, 5])]) {
      crossEntropy($0[0], [1, 0, 4, 1], reduction: .none)
    },
    GradientRow("crossEntropy", "one example", at: [Samples.normal([6])]) {
      crossEntropy($0[0], IndexTensor([3], shape: []))
    },
    GradientRow("crossEntropy", "mean, ignored", at: [Samples.normal([4, 5])]) {
      crossEntropy($0[0], [1, -100, 4, -100])
    },
    GradientRow("crossEntropy", "sum, ignoring a class", at: [Samples.normal([4, 5])]) {
      crossEntropy($0[0], [1, 2, 4, 2], ignoring: 2, reduction: .sum)
    },
    GradientRow("crossEntropy", "none, ignored", at: [Samples.normal([2, 2, 5])]) {
      crossEntropy($0[0], IndexTensor([1, -100, 4, 0], shape: [2, 2]), reduction: .none)
    },
    GradientRow("crossEntropy", "many classes", at: [Samples.normal([3, 67])]) { crossEntropy($0[0], [66, 0, 31]) },
    GradientRow("crossEntropy", "weights and smoothing", at: [Samples.normal([4, 5])]) {
      crossEntropy($0[0], [1, 0, -100, 1], weight: Samples.uniform([5], in: 0.5...2), labelSmoothing: 0.2)
    },
    GradientRow("crossEntropy", "weights, smoothing, none, along 1", at: [Samples.normal([2, 5, 3])]) {
      crossEntropy(
        $0[0], IndexTensor([1, -100, 4, 0, 0, 2], shape: [2, 3]), weight: Samples.uniform([5], in: 0.5...2),
        labelSmoothing: 0.2, along: 1, reduction: .none)
    },
  ]

  private static let reducedLosses: [GradientRow] = ([.mean, .sum, .none, .batchMean] as [LossReduction])
    .flatMap { reduction -> [GradientRow] in
      let (x, t) = (Samples.normal([3, 21]), Samples.normal([3, 21], seed: 2))
      // Differences away from the kinks at 0 and where the loss becomes linear.
      let far = t + Samples.awayFromZero([3, 21], in: 0.1...0.6, seed: 3)
      let (p, logP) = (
        Samples.uniform([3, 21], in: 0.1...0.9, seed: 4), Samples.uniform([3, 21], in: -2 ... -0.5, seed: 5)
      )
      let title = "\(reduction)"
      return [
        GradientRow("softCrossEntropy", title, at: [x, p]) { crossEntropy($0[0], $0[1], reduction: reduction) },
        GradientRow("softCrossEntropy", "\(title), weights and smoothing", at: [x, p]) {
          crossEntropy(
            $0[0], $0[1], weight: Samples.uniform([21], in: 0.5...2), labelSmoothing: 0.3, reduction: reduction)
        },
        GradientRow("negativeLogLikelihood", title, at: [x]) {
          negativeLogLikelihood(
            $0[0], [20, -100, 0], weight: Samples.uniform([21], in: 0.5...2), reduction: reduction)
        },
        GradientRow("pairwiseLoss", "squared, \(title)", at: [x, t]) {
          meanSquaredError($0[0], $0[1], reduction: reduction)
        },
        GradientRow("pairwiseLoss", "absolute, \(title)", at: [far, t]) {
          meanAbsoluteError($0[0], $0[1], reduction: reduction)
        },
        GradientRow("pairwiseLoss", "smooth, \(title)", at: [x, t]) {
          smoothL1Loss($0[0], $0[1], beta: 4, reduction: reduction) * 32
        },
        GradientRow("pairwiseLoss", "smooth, linear, \(title)", at: [far, t]) {
          smoothL1Loss($0[0], $0[1], beta: 0.05, reduction: reduction)
        },
        GradientRow("pairwiseLoss", "Huber, \(title)", at: [x, t]) {
          huberLoss($0[0], $0[1], delta: 5, reduction: reduction)
        },
        GradientRow("pairwiseLoss", "Huber, linear, \(title)", at: [far, t]) {
          huberLoss($0[0], $0[1], delta: 0.05, reduction: reduction) * 32
        },
        GradientRow("pairwiseLoss", "binary, \(title)", at: [x, p]) {
          binaryCrossEntropyWithLogits($0[0], $0[1], reduction: reduction)
        },
        GradientRow("pairwiseLoss", "binary, weights, \(title)", at: [x, p]) {
          binaryCrossEntropyWithLogits($0[0], $0[1], weight: t, posWeight: p + 1, reduction: reduction)
        },
        GradientRow("pairwiseLoss", "divergence, \(title)", at: [logP, p]) {
          klDivergence($0[0], $0[1], reduction: reduction)
        },
        GradientRow("pairwiseLoss", "divergence of logarithms, \(title)", at: [x, logP]) {
          klDivergence($0[0], $0[1], logTarget: true, reduction: reduction) * 32
        },
      ]
    }
}
