// The arguments of the losses. Read next: ApusKernelsBaseline/Losses/CrossEntropy.swift, PairwiseLosses.swift.

/// The factors of a loss's gradient: one for each row or element, or one for all of them.
@frozen
package struct RowScales: @unchecked Sendable {
  package var elements: UnsafePointer<Float>
  package var hasOneForEach: Bool

  package init(_ elements: UnsafePointer<Float>, hasOneForEach: Bool) {
    (self.elements, self.hasOneForEach) = (elements, hasOneForEach)
  }
}

/// The arguments of cross-entropy between logits and targets, which are classes or probabilities.
@frozen
package struct CrossEntropyArguments: @unchecked Sendable {
  /// [rows, classes]
  package var logits: UnsafePointer<Float>
  package var rows: Int
  package var classes: Int
  /// The class of every row, [rows]; nil: `probabilities` are the targets.
  package var targets: UnsafePointer<Int32>?
  /// The target class whose rows are ignored.
  package var ignored: Int32
  /// The target distribution of every row, [rows, classes]; nil: `targets` are the targets.
  package var probabilities: UnsafePointer<Float>?
  /// The weights of the classes, [classes]; nil: ones.
  package var weights: UnsafePointer<Float>?
  /// Label smoothing: the share of the target distribution that is spread evenly over all classes.
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
  /// d²/2β for |d| < β, |d| − β/2 otherwise
  case smoothAbsolute
  /// d²/2 for |d| ≤ δ, δ·(|d| − δ/2) otherwise
  case huber
  /// −t·ln σ(x) − (1 − t)·ln(1 − σ(x))
  case binaryCrossEntropy
  /// t·(ln t − x), 0 where t is 0
  case divergence
  /// eᵗ·(t − x)
  case logDivergence
}

/// A pairwise loss with its parameter (β or δ, where it has one).
@frozen
package struct PairwiseLoss: Sendable {
  package var operation: PairwiseOperation
  package var parameter: Float

  package init(_ operation: PairwiseOperation, _ parameter: Float = 1) {
    (self.operation, self.parameter) = (operation, parameter)
  }
}
