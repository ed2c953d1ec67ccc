// Two linear maps with an activation between them as one operation, because of its backward.
// Read first: Linear.swift. Read next: ApusNN/Layers/FeedForward.swift.

import ApusKernelTypes
import ApusKernels

/// W₂·act(W₁·x + b₁) + b₂
///
/// The same as two calls of `linear`. As one operation it multiplies the gradient of the hidden layer with act′, and sums it for
/// the gradient of b₁, in the pass of the product that computes it: elsewhere these are two more trips through memory for
/// the largest tensors of a Transformer.
///
///     dz = (dy·W₂) ∘ act′;  db₁ = Σ dz;  dW₁ = dzᵀ·x;  dx = dz·W₁;  dW₂ = dyᵀ·h;  db₂ = Σ dy
///
/// - Parameters:
///   - x: [.., in]
///   - expansion: W₁ [hidden, in] and b₁ [hidden].
///   - activation: of the hidden layer.
///   - contraction: W₂ [out, hidden] and b₂ [out].
/// - Returns: [.., out]
/// - Complexity: 2·rows·hidden·(in + out) operations; a hidden vector and its slopes are kept for every row.
/// - Precondition: the sizes agree.
public func feedForward(
  _ x: Tensor, expansion: (weight: Tensor, bias: Tensor?), activation: Activation,
  contraction: (weight: Tensor, bias: Tensor?)
) -> Tensor {
  let (w1, b1, w2, b2) = (expansion.weight, expansion.bias, contraction.weight, contraction.bias)
  checkLinear("feedForward", x.shape, w1.shape, b1?.shape)
  checkLinear("feedForward", [w1.shape[0]], w2.shape, b2?.shape)
  let isHiddenTracked = x.isTracked || w1.isTracked || (b1?.isTracked ?? false)
  let (h, slopes) = linearForward(x, w1, b1, activation.operation, keepsSlopes: isHiddenTracked)
  let y = linearForward(h, w2, b2, nil, keepsSlopes: false).y
  return y.recorded("feedForward") {
    wrt([x, w1, b1, w2, b2]) { dy, isTracked in
      let rows = dy.shape.dropLast().reduce(1, *)
      let flat = dy.viewed(as: [rows, w2.shape[0]])
      let dW2 = isTracked[3] ? flat.matmul(h.viewed(as: [rows, w2.shape[1]]), transposing: .first) : nil
      let db2 = isTracked[4] ? flat.sum(along: 0) : nil
      // Slopes were kept only if x, W₁ or b₁ is tracked.
      guard let slopes else { return [nil, nil, nil, dW2, db2] }
      let (dz, db1) = hiddenGradient(flat, w2, slopes, sumsRows: isTracked[2])
      let dx = isTracked[0] ? dz.matmul(w1.detached).viewed(as: x.shape) : nil
      let dW1 = isTracked[1] ? dz.matmul(x.detached.viewed(as: [rows, w1.shape[1]]), transposing: .first) : nil
      return [dx, dW1, db1, dW2, db2]
    }
  }
}

/// (dy·W) ∘ slopes, [rows, hidden], and its sum over the rows.
private func hiddenGradient(
  _ dy: Tensor, _ weight: Tensor, _ slopes: Tensor, sumsRows: Bool
) -> (gradient: Tensor, sum: Tensor?) {
  let (rows, out, hidden) = (dy.shape[0], weight.shape[0], weight.shape[1])
  let sums = sumsRows ? Storage(count: hidden) : nil
  let gradient = Tensor(uninitialized: [rows, hidden]) { dz in
    read(dy, weight, slopes) { dy, w, slopes in
      var arguments = MatMulArguments(
        m: rows, n: hidden, k: out, a: MatrixOperand(dy, rowStride: out),
        b: MatrixOperand(w, rowStride: hidden), c: dz, cRowStride: hidden)
      arguments.factors = slopes
      arguments.columnSums = sums?.elements
      Kernels.table.matMul(arguments, Kernels.schedule)
    }
  }
  return (gradient, sums.map { Tensor(shape: [hidden], storage: $0) })
}
