// The signatures of losses: on logits and classes, and between two tensors element by element.
// Read next: ApusKernelsBaseline/Losses/.

/// Losses and log-softmax, a part of `KernelTable`.
package struct LossKernels: Sendable {
  package typealias Input = UnsafePointer<Float>
  package typealias Output = UnsafeMutablePointer<Float>

  /// (x, y, rows, columns)
  package var logSoftmax: @Sendable (Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void
  /// (y, dy, dx, rows, columns)
  package var logSoftmaxBackward: @Sendable (Input, Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void

  /// (arguments, losses, logSumExp)
  package var crossEntropy: @Sendable (CrossEntropyArguments, _ losses: Output, _ logSumExp: Output, Schedule) -> Void
  /// (arguments, logSumExp, scales of the rows, dx)
  package var crossEntropyBackward:
    @Sendable (CrossEntropyArguments, _ logSumExp: Input, _ scales: RowScales, Output, Schedule) -> Void

  /// f(x, t) of every element: (loss, x, t, y, count)
  package var pairwise: @Sendable (PairwiseLoss, Input, Input, Output, _ count: Int, Schedule) -> Void
  /// Σ f(x, t): (loss, x, t, count)
  package var pairwiseSum: @Sendable (PairwiseLoss, Input, Input, _ count: Int, Schedule) -> Double
  /// dx ← scale · ∂f/∂x or ∂f/∂t: (loss, of the target?, x, t, scales of the elements, dx, count)
  package var pairwiseBackward:
    @Sendable (PairwiseLoss, _ isOfTarget: Bool, Input, Input, _ scales: RowScales, Output, _ count: Int, Schedule) ->
      Void

  package init(
    logSoftmax: @escaping @Sendable (Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void,
    logSoftmaxBackward: @escaping @Sendable (Input, Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void,
    crossEntropy:
      @escaping @Sendable (CrossEntropyArguments, _ losses: Output, _ logSumExp: Output, Schedule) -> Void,
    crossEntropyBackward:
      @escaping @Sendable (CrossEntropyArguments, _ logSumExp: Input, _ scales: RowScales, Output, Schedule) -> Void,
    pairwise: @escaping @Sendable (PairwiseLoss, Input, Input, Output, _ count: Int, Schedule) -> Void,
    pairwiseSum: @escaping @Sendable (PairwiseLoss, Input, Input, _ count: Int, Schedule) -> Double,
    pairwiseBackward:
      @escaping @Sendable (
        PairwiseLoss, _ isOfTarget: Bool, Input, Input, _ scales: RowScales, Output, _ count: Int, Schedule
      ) -> Void
  ) {
    (self.logSoftmax, self.logSoftmaxBackward) = (logSoftmax, logSoftmaxBackward)
    (self.crossEntropy, self.crossEntropyBackward) = (crossEntropy, crossEntropyBackward)
    (self.pairwise, self.pairwiseSum, self.pairwiseBackward) = (pairwise, pairwiseSum, pairwiseBackward)
  }
}

/// What the backward multiplies by: one number for each row or element, or one for all.
@frozen
package struct RowScales: @unchecked Sendable {
  package var elements: UnsafePointer<Float>
  package var hasOneForEach: Bool

  package init(_ elements: UnsafePointer<Float>, hasOneForEach: Bool) {
    (self.elements, self.hasOneForEach) = (elements, hasOneForEach)
  }
}

/// Cross-entropy of logits with targets that are classes or probabilities.
@frozen
package struct CrossEntropyArguments: @unchecked Sendable {
  /// [rows, classes]
  package var logits: UnsafePointer<Float>
  package var rows: Int
  package var classes: Int
  /// The class of every row, [rows]; nil: there are probabilities.
  package var targets: UnsafePointer<Int32>?
  /// The target whose rows don't count.
  package var ignored: Int32
  /// [rows, classes]; nil: there are targets.
  package var probabilities: UnsafePointer<Float>?
  /// Of the classes, [classes]; nil: ones.
  package var weights: UnsafePointer<Float>?
  /// The share of the target that is spread over all classes.
  package var smoothing: Float

  package init(
    logits: UnsafePointer<Float>, rows: Int, classes: Int, targets: UnsafePointer<Int32>? = nil, ignored: Int32 = -100,
    probabilities: UnsafePointer<Float>? = nil, weights: UnsafePointer<Float>? = nil, smoothing: Float = 0
  ) {
    (self.logits, self.rows, self.classes) = (logits, rows, classes)
    (self.targets, self.ignored, self.probabilities) = (targets, ignored, probabilities)
    (self.weights, self.smoothing) = (weights, smoothing)
  }
}

/// A loss between a prediction x and a target t, element by element; d = x − t.
package enum PairwiseOperation: Int32, CaseIterable, Sendable {
  /// d²
  case squared
  /// |d|
  case absolute
  /// d²/2β below β, |d| − β/2 from there on
  case smoothAbsolute
  /// d²/2 up to δ, δ·(|d| − δ/2) above
  case huber
  /// −t·ln σ(x) − (1 − t)·ln(1 − σ(x))
  case binaryCrossEntropy
  /// t·(ln t − x), 0 where t is 0
  case divergence
  /// eᵗ·(t − x)
  case logDivergence
}

/// A loss with its parameter (β or δ).
@frozen
package struct PairwiseLoss: Sendable {
  package var operation: PairwiseOperation
  package var parameter: Float

  package init(_ operation: PairwiseOperation, _ parameter: Float = 1) {
    (self.operation, self.parameter) = (operation, parameter)
  }
}
