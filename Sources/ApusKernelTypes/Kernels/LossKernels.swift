// Softmax, and losses: on logits and classes, and between two tensors element by element.
// Read next: ApusKernelsBaseline/Losses/Softmax.swift, Losses/CrossEntropy.swift, ApusKernelsBaseline/Losses/PairwiseLosses.swift.

/// Softmax, log-softmax and losses.
package protocol LossKernels {
  /// y ← softmax of every row of x [rows, columns]; a row of −∞ gives zeros. x and y may be the same.
  static func softmax(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule)

  /// dx ← y ∘ (dy − Σ dy ∘ y) for every row of y [rows, columns].
  static func softmaxBackward(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, _ schedule: Schedule)

  /// y ← x − ln Σ eˣ for every row of x [rows, columns].
  static func logSoftmax(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule)

  /// dx ← dy − eʸ · Σ dy for every row of y [rows, columns].
  static func logSoftmaxBackward(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int,
    columns: Int, _ schedule: Schedule)

  /// losses[r] ← Σ_j w[j]·q[r, j]·(ln Σ exp(x[r, ·]) − x[r, j]), with q the smoothed target distribution; 0 where the target
  /// is ignored.
  ///
  /// - Parameters:
  ///   - losses: [rows]
  ///   - logSumExp: The output ln Σ exp(x[r, ·]), [rows], which the backward needs.
  static func crossEntropy(
    _ arguments: CrossEntropyArguments, losses: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>,
    _ schedule: Schedule)

  /// dx[r, ·] ← scale · (Σ_j w[j]·q[r, j] · softmax(x[r, ·]) − w ∘ q[r, ·]); zeros where the target is ignored.
  static func crossEntropyBackward(
    _ arguments: CrossEntropyArguments, logSumExp: UnsafePointer<Float>, scales: RowScales,
    _ dx: UnsafeMutablePointer<Float>, _ schedule: Schedule)

  /// y ← f(x, t), [count].
  static func pairwiseLoss(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    count: Int, _ schedule: Schedule)

  /// Σ f(x, t), [count] → a number.
  static func pairwiseLossSum(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, _ schedule: Schedule
  ) -> Double

  /// dx ← scale · ∂f/∂x, or scale · ∂f/∂t if `isOfTarget`, [count].
  static func pairwiseLossBackward(
    _ loss: PairwiseLoss, isOfTarget: Bool, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>,
    scales: RowScales, _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule)
}
