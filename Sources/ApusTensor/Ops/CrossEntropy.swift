// Cross-entropy of logits with classes or probabilities, and the negative log-likelihood.
// Read first: ApusKernelsReference/ReferenceLosses.swift, Softmax.swift. Read next: Losses.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The cross-entropy of logits with class targets: −log softmax(logits)[target].
///
/// With label smoothing ε (Szegedy et al., arXiv:1512.00567), the target distribution is ε / classes for every class
/// plus 1 − ε for the target. With class weights, each class's term is multiplied by its weight, and the mean divides
/// by the sum of the targets' weights.
///
/// - Parameters:
///   - logits: [.., classes], or with the classes along `axis`.
///   - targets: class indices, of the same shape without the class axis.
///   - weight: [classes], the class weights; no gradient flows to them.
///   - ignored: targets with this value do not count.
///   - labelSmoothing: ε, from 0 to 1.
///   - axis: the class axis: the last one by default; 1 for PyTorch's [batch, classes, ..].
///   - reduction: the mean over the targets that count, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the targets' shape. The loss of an ignored target is 0. The
///   mean over no targets is NaN, as in PyTorch.
/// - Complexity: two passes over the logits forward, one backward; no probabilities are stored.
/// - Precondition: the shapes agree; every target is in 0 ..< classes or ignored.
public func crossEntropy(
  _ logits: Tensor, _ targets: IndexTensor, weight: Tensor? = nil, ignoring ignored: Int32 = -100,
  labelSmoothing: Float = 0, along axis: Int = -1, reduction: LossReduction = .mean
) -> Tensor {
  let x = logits.withLast(axis: axis, "crossEntropy")
  let classes = x.shape[x.rank - 1]
  require(
    targets.count == x.shape.dropLast().reduce(1, *),
    "crossEntropy: logits \(logits.shape), targets \(targets.shape) (expected [.., classes] and [..])")
  checkClasses("crossEntropy", weight, classes, smoothing: labelSmoothing)
  targets.check(below: classes, except: ignored, "crossEntropy")
  let rows = targets.count
  let logSumExp = Storage(count: rows)
  // Calls `body` with the kernels' arguments.
  func withArguments(_ body: (CrossEntropyArguments) -> Void) {
    read(x) { x in
      readOptional(weight) { weights in
        targets.indices.withUnsafeBufferPointer { indices in
          guard let targets = indices.baseAddress else { return }
          body(
            CrossEntropyArguments(
              logits: x, rows: rows, classes: classes, targets: targets, ignored: ignored, weights: weights,
              smoothing: labelSmoothing))
        }
      }
    }
  }
  let losses = Tensor(uninitialized: targets.shape) { losses in
    withArguments { Kernels.current.crossEntropy($0, losses: losses, logSumExp: logSumExp.elements, Kernels.schedule) }
  }
  let (result, scale) = losses.reduced(
    reduction, counted: countedWeight(targets, ignoring: ignored, weight), examples: targets.shape.first ?? 1)
  return result.recorded("crossEntropy") {
    wrt(x) { dLoss in
      let scales = (values: scale == 1 ? dLoss : dLoss * scale, hasOneForEach: reduction == .none)
      return logitsGradient(of: x.shape, logSumExp, scales, withArguments)
    }
  }
}

/// The cross-entropy of logits with target distributions q: −Σ q·log softmax(logits) over the classes.
///
/// With label smoothing ε, the target distributions are (1 − ε)·q + ε / classes. With class weights, each class's term
/// is multiplied by its weight. The mean divides by the number of rows, whatever the weights, as in PyTorch.
///
/// - Parameters:
///   - logits: [.., classes], or with the classes along `axis`.
///   - probabilities: q, the same shape.
///   - weight: [classes], the class weights; no gradient flows to them.
///   - labelSmoothing: ε, from 0 to 1.
///   - axis: the class axis: the last one by default; 1 for PyTorch's [batch, classes, ..].
///   - reduction: the mean over the rows, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the logits' shape without the class axis.
/// - Precondition: the shapes are equal.
public func crossEntropy(
  _ logits: Tensor, _ probabilities: Tensor, weight: Tensor? = nil, labelSmoothing: Float = 0, along axis: Int = -1,
  reduction: LossReduction = .mean
) -> Tensor {
  require(
    logits.shape == probabilities.shape,
    "crossEntropy: logits \(logits.shape), probabilities \(probabilities.shape) (expected equal shapes)")
  let (x, q) = (logits.withLast(axis: axis, "crossEntropy"), probabilities.withLast(axis: axis, "crossEntropy"))
  let classes = x.shape[x.rank - 1]
  checkClasses("crossEntropy", weight, classes, smoothing: labelSmoothing)
  let leading = Shape(x.shape.dropLast())
  let rows = leading.elementCount
  let logSumExp = Storage(count: rows)
  func withArguments(_ body: (CrossEntropyArguments) -> Void) {
    read(x, q) { x, q in
      readOptional(weight) { weights in
        body(
          CrossEntropyArguments(
            logits: x, rows: rows, classes: classes, probabilities: q, weights: weights, smoothing: labelSmoothing))
      }
    }
  }
  let losses = Tensor(uninitialized: leading) { losses in
    withArguments { Kernels.current.crossEntropy($0, losses: losses, logSumExp: logSumExp.elements, Kernels.schedule) }
  }
  let (result, scale) = losses.reduced(reduction, counted: Float(rows), examples: leading.first ?? 1)
  return result.recorded("softCrossEntropy") {
    wrt(x) { dLoss in
      let scales = (values: scale == 1 ? dLoss : dLoss * scale, hasOneForEach: reduction == .none)
      return logitsGradient(of: x.shape, logSumExp, scales, withArguments)
    }
    wrt(q) { dLoss in
      let terms = x.detached.logSoftmax() * (-scale * (1 - labelSmoothing))
      let weighted = weight.map { terms * $0.detached } ?? terms
      return weighted * (reduction == .none ? dLoss.reshaped(to: Shape(Array(leading) + [1])) : dLoss)
    }
  }
}

/// The gradient of the cross-entropy with respect to the logits.
///
/// - Parameters:
///   - scales: one factor for each row's gradient, or a single factor for all rows.
///   - withArguments: calls its argument with the kernels' arguments.
private func logitsGradient(
  of shape: Shape, _ logSumExp: Storage, _ scales: (values: Tensor, hasOneForEach: Bool),
  _ withArguments: ((CrossEntropyArguments) -> Void) -> Void
) -> Tensor {
  Tensor(uninitialized: shape) { dx in
    read(scales.values) { values in
      withArguments { arguments in
        Kernels.current.crossEntropyBackward(
          arguments, logSumExp: logSumExp.elements, scales: RowScales(values, hasOneForEach: scales.hasOneForEach), dx,
          Kernels.schedule)
      }
    }
  }
}

/// The negative log-likelihood −logProbabilities[target]: the cross-entropy for the result of `logSoftmax`.
///
/// - Parameters:
///   - logProbabilities: [.., classes], or with the classes along `axis`.
///   - targets: class indices, of the same shape without the class axis.
///   - weight: [classes], the class weights: each loss is multiplied by its target's weight, and the mean divides by
///     the sum of these weights.
///   - ignored: targets with this value do not count.
///   - axis: the class axis: the last one by default; 1 for PyTorch's [batch, classes, ..].
///   - reduction: the mean over the targets that count, the sum, or none.
/// - Returns: a scalar, or without reduction the losses, of the targets' shape. The loss of an ignored target is 0.
/// - Precondition: the shapes agree; every target is in 0 ..< classes or ignored.
public func negativeLogLikelihood(
  _ logProbabilities: Tensor, _ targets: IndexTensor, weight: Tensor? = nil, ignoring ignored: Int32 = -100,
  along axis: Int = -1, reduction: LossReduction = .mean
) -> Tensor {
  let x = logProbabilities.withLast(axis: axis, "negativeLogLikelihood")
  let classes = x.shape[x.rank - 1]
  require(
    targets.count == x.shape.dropLast().reduce(1, *),
    "negativeLogLikelihood: input \(logProbabilities.shape), targets \(targets.shape) (expected [.., classes] and [..])"
  )
  checkClasses("negativeLogLikelihood", weight, classes, smoothing: 0)
  targets.check(below: classes, except: ignored, "negativeLogLikelihood")
  let classWeights = weight?.scalars
  let losses = Tensor(uninitialized: targets.shape) { losses in
    read(x) { x in
      for (row, target) in targets.indices.enumerated() {
        losses[row] = target == ignored ? 0 : -x[row * classes + Int(target)] * (classWeights?[Int(target)] ?? 1)
      }
    }
  }
  let (result, scale) = losses.reduced(
    reduction, counted: countedWeight(targets, ignoring: ignored, weight), examples: targets.shape.first ?? 1)
  return result.recorded("negativeLogLikelihood") {
    wrt(x) { [shape = x.shape] dLoss in
      var dx = Tensor.zeros(shape)
      dx.withUnsafeMutablePointer { dx in
        read(dLoss) { dLoss in
          for (row, target) in targets.indices.enumerated() where target != ignored {
            let slope = dLoss[reduction == .none ? row : 0] * scale
            dx[row * classes + Int(target)] = -slope * (classWeights?[Int(target)] ?? 1)
          }
        }
      }
      return dx
    }
  }
}

extension Tensor {
  /// This tensor with an axis moved to the end.
  fileprivate func withLast(axis: Int, _ operation: StaticString) -> Tensor {
    require(rank >= 1, "\(operation): input \(shape) (expected at least one axis)")
    let axis = shape.normalized(axis: axis, operation)
    return axis == rank - 1 ? self : permuted((0..<rank).filter { $0 != axis } + [axis])
  }
}

private func checkClasses(_ operation: StaticString, _ weight: Tensor?, _ classes: Int, smoothing: Float) {
  require(
    weight == nil || weight?.shape == [classes],
    "\(operation): class weights \(weight?.shape ?? []) for \(classes) classes (expected [\(classes)])")
  require(
    smoothing >= 0 && smoothing <= 1, "\(operation): label smoothing is \(smoothing) (it must be from 0 to 1)")
}

/// The divisor of the mean: the number of targets that count, or the sum of their weights.
private func countedWeight(_ targets: IndexTensor, ignoring ignored: Int32, _ weight: Tensor?) -> Float {
  guard let weight = weight?.scalars else { return Float(targets.indices.count { $0 != ignored }) }
  return Float(targets.indices.reduce(0.0) { $1 == ignored ? $0 : $0 + Double(weight[Int($1)]) })
}
