// Losses between a prediction and a target of the same shape, and how losses are reduced.
// Read first: ApusKernelsReference/ReferenceLosses.swift. Read next: CrossEntropy.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// How the losses of the elements or targets are reduced to the result.
public enum LossReduction: Sendable {
  /// The mean; ignored targets do not count.
  case mean
  /// The sum.
  case sum
  /// No reduction: one loss for each target.
  case none
  /// The sum divided by the size of the first axis.
  case batchMean
}

extension Tensor {
  /// The reduced losses, not recorded, and the factor of their sum; the mean divides by `counted`.
  func reduced(_ reduction: LossReduction, counted: Float, examples: Int) -> (Tensor, scale: Float) {
    let scale: Float
    switch reduction {
    case .none: return (self, 1)
    case .sum: return (sum(), 1)
    case .mean: scale = 1 / counted
    case .batchMean: scale = 1 / Float(examples)
    }
    return (sum() * scale, scale)
  }
}

/// The squared error (prediction − target)², reduced.
///
/// - Parameters:
///   - prediction: any shape.
///   - target: the same shape.
///   - reduction: the mean over all elements, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the same shape.
/// - Precondition: the shapes are equal.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  pairwiseLoss(.init(.squared), prediction, target, reduction, "meanSquaredError")
}

/// The absolute error |prediction − target|, reduced; its derivative at 0 is 0.
///
/// - Parameters:
///   - prediction: any shape.
///   - target: the same shape.
///   - reduction: the mean over all elements, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the same shape.
/// - Precondition: the shapes are equal.
public func meanAbsoluteError(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  pairwiseLoss(.init(.absolute), prediction, target, reduction, "meanAbsoluteError")
}

/// The smooth L1 loss (Girshick, arXiv:1504.08083), reduced.
///
///     d²/2β where |d| < β, |d| − β/2 elsewhere; d = prediction − target
///
/// - Parameters:
///   - prediction: any shape.
///   - target: the same shape.
///   - beta: β, where the loss changes from quadratic to linear; 0 gives the absolute error.
///   - reduction: the mean over all elements, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the same shape.
/// - Precondition: the shapes are equal, beta ≥ 0.
public func smoothL1Loss(
  _ prediction: Tensor, _ target: Tensor, beta: Float = 1, reduction: LossReduction = .mean
) -> Tensor {
  require(beta >= 0, "smoothL1Loss: beta is \(beta) (it must not be negative)")
  return pairwiseLoss(.init(.smoothAbsolute, beta), prediction, target, reduction, "smoothL1Loss")
}

/// The Huber loss (Huber, Annals of Mathematical Statistics 35, 1964), reduced.
///
///     d²/2 where |d| ≤ δ, δ·(|d| − δ/2) elsewhere; d = prediction − target
///
/// - Parameters:
///   - prediction: any shape.
///   - target: the same shape.
///   - delta: δ, where the loss changes from quadratic to linear.
///   - reduction: the mean over all elements, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the same shape.
/// - Precondition: the shapes are equal, delta > 0.
public func huberLoss(
  _ prediction: Tensor, _ target: Tensor, delta: Float = 1, reduction: LossReduction = .mean
) -> Tensor {
  require(delta > 0, "huberLoss: delta is \(delta) (it must be positive)")
  return pairwiseLoss(.init(.huber, delta), prediction, target, reduction, "huberLoss")
}

/// The Kullback–Leibler divergence of the target from the prediction, reduced.
///
///     t·(ln t − x), 0 where t is 0; for log-probabilities x and target probabilities t
///
/// - Parameters:
///   - logProbabilities: x, any shape.
///   - target: t, or ln t with `logTarget`; the same shape.
///   - logTarget: whether the target contains logarithms of probabilities.
///   - reduction: the mean over all elements, as in PyTorch; `.batchMean` gives the divergence of distributions along
///     the other axes, averaged over the first one.
/// - Returns: a scalar, or without reduction the terms, of the same shape.
/// - Precondition: the shapes are equal.
public func klDivergence(
  _ logProbabilities: Tensor, _ target: Tensor, logTarget: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  pairwiseLoss(.init(logTarget ? .logDivergence : .divergence), logProbabilities, target, reduction, "klDivergence")
}

/// The binary cross-entropy of logits, reduced.
///
///     −t·ln σ(x) − (1 − t)·ln(1 − σ(x)) for logits x and targets t from 0 to 1
///
/// It is computed as max(x, 0) − t·x + ln(1 + e^(−|x|)), which neither overflows nor suffers from cancellation.
///
/// - Parameters:
///   - logits: x, any shape.
///   - targets: t, the same shape.
///   - weight: multiplies the losses, broadcast to their shape.
///   - posWeight: multiplies the first term, broadcast; values above 1 compensate for rare positives.
///   - reduction: the mean over all elements (not divided by the weights), the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the same shape.
/// - Precondition: the shapes of logits and targets are equal; the weights broadcast to them.
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, posWeight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let loss = PairwiseLoss(.binaryCrossEntropy)
  if weight == nil && posWeight == nil {
    return pairwiseLoss(loss, logits, targets, reduction, "binaryCrossEntropyWithLogits")
  }
  for factor in [weight, posWeight].compactMap({ $0 }) {
    require(
      Shape.broadcast(factor.shape, logits.shape) == logits.shape,
      "binaryCrossEntropyWithLogits: weight \(factor.shape), logits \(logits.shape) (it must broadcast to the logits)")
  }
  var losses = pairwiseLoss(loss, logits, targets, .none, "binaryCrossEntropyWithLogits")
  // −ln σ(x) = softplus(−x) is already counted once; the weight adds it posWeight − 1 times more.
  if let posWeight { losses = losses + (posWeight - 1) * targets * (-logits).softplus() }
  if let weight { losses = losses * weight }
  switch reduction {
  case .none: return losses
  case .sum: return losses.sum()
  case .mean: return losses.mean()
  case .batchMean: return losses.sum() * (1 / Float(losses.shape.first ?? 1))
  }
}

private func pairwiseLoss(
  _ loss: PairwiseLoss, _ x: Tensor, _ t: Tensor, _ reduction: LossReduction, _ operation: StaticString
) -> Tensor {
  require(x.shape == t.shape, "\(operation): prediction \(x.shape), target \(t.shape) (expected equal shapes)")
  let (kernels, count) = (Kernels.current, x.elementCount)
  let result: Tensor
  var scale: Float = 1
  if reduction == .none {
    result = Tensor(uninitialized: x.shape) { y in
      read(x, t) { x, t in kernels.pairwiseLoss(loss, x, t, y, count: count, Kernels.schedule) }
    }
  } else {
    // Only the sum is stored, not the losses.
    let sum = read(x, t) { x, t in kernels.pairwiseLossSum(loss, x, t, count: count, Kernels.schedule) }
    let divisor = reduction == .sum ? 1 : reduction == .mean ? count : x.shape.first ?? 1
    scale = 1 / Float(divisor)
    result = Tensor(Float(sum / Double(divisor)))
  }
  func gradient(_ dLoss: Tensor, isOfTarget: Bool) -> Tensor {
    let scales = scale == 1 ? dLoss : dLoss * scale
    return Tensor(uninitialized: x.shape) { dx in
      read(x, t, scales) { x, t, scales in
        kernels.pairwiseLossBackward(
          loss, isOfTarget: isOfTarget, x, t, scales: RowScales(scales, hasOneForEach: reduction == .none), dx,
          count: count, Kernels.schedule)
      }
    }
  }
  return result.recorded("pairwiseLoss") {
    wrt(x) { dLoss in gradient(dLoss, isOfTarget: false) }
    wrt(t) { dLoss in gradient(dLoss, isOfTarget: true) }
  }
}
