// Softmax, and cross-entropy on logits. Read first: ApusKernelsReference/ReferenceSoftmax.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// e^x / Σ e^x along an axis; rows whose elements are all −∞ give zeros.
  public func softmax(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "softmax")
    if axis != rank - 1 {
      // The kernel works on rows: exchange the axis with the last one, and back.
      var order = Array(0..<rank)
      order.swapAt(axis, rank - 1)
      return permuted(order).softmax().permuted(order)
    }
    let x = self
    let columns = shape[axis]
    let rows = columns == 0 ? 0 : elementCount / columns
    let y = Tensor(uninitialized: shape) { y in
      read(self) { x in Kernels.table.softmax(x, y, rows, columns, Kernels.schedule) }
    }
    return y.recorded("softmax") {
      wrt(x) { dy in
        Tensor(uninitialized: y.shape) { dx in
          read(y, dy) { y, dy in Kernels.table.softmaxBackward(y, dy, dx, rows, columns, Kernels.schedule) }
        }
      }
    }
  }
}

/// What becomes of the losses of single examples.
public enum LossReduction: Sendable {
  /// Their mean over the targets that count.
  case mean
  /// Their sum.
  case sum
  /// All of them, one for each target.
  case none
}

/// −log softmax(logits)[target]: the negative log-likelihood of the targets.
///
/// - Parameters:
///   - logits: [..., classes], unnormalized.
///   - targets: class indices, of the leading shape [...].
///   - ignored: a target that does not count (PyTorch's −100).
///   - reduction: the mean over the targets that count, the sum, or each loss.
/// - Returns: a number, or the losses of the targets' shape; the loss of an ignored target is 0. The mean over no targets is
///   NaN, as in PyTorch.
/// - Complexity: one pass over the logits forward, one backward; no probabilities are stored.
/// - Precondition: the shapes agree, every target is a class or ignored.
public func crossEntropy(
  _ logits: Tensor, _ targets: IndexTensor, ignoring ignored: Int32 = -100, reduction: LossReduction = .mean
) -> Tensor {
  require(
    logits.rank >= 1 && targets.count == logits.shape.dropLast().reduce(1, *),
    "crossEntropy: logits \(logits.shape) and targets \(targets.shape) (expected [..., classes] and [...])")
  let classes = logits.shape[logits.rank - 1]
  targets.check(below: classes, except: ignored, "crossEntropy")
  let rows = targets.count
  let logSumExp = Storage(count: rows)
  let losses = Tensor(uninitialized: targets.shape) { losses in
    read(logits) { x in
      targets.indices.withUnsafeBufferPointer { indices in
        if let base = indices.baseAddress {
          Kernels.table.crossEntropy(x, base, ignored, losses, logSumExp.elements, rows, classes, Kernels.schedule)
        }
      }
    }
  }
  let counted = targets.indices.count { $0 != ignored }
  let result: Tensor
  let scale: Float
  switch reduction {
  case .none: (result, scale) = (losses, 1)
  case .sum: (result, scale) = (losses.sum(), 1)
  case .mean:
    scale = 1 / Float(counted)
    result = losses.sum() * scale
  }
  return result.recorded("crossEntropy") {
    wrt(logits) { dLoss in
      let scales = scale == 1 ? dLoss : dLoss * scale
      return Tensor(uninitialized: logits.shape) { dx in
        read(logits, scales) { x, scales in
          targets.indices.withUnsafeBufferPointer { indices in
            guard let base = indices.baseAddress else { return }
            Kernels.table.crossEntropyBackward(
              x, base, ignored, logSumExp.elements, scales, reduction == .none, dx, rows, classes, Kernels.schedule)
          }
        }
      }
    }
  }
}
