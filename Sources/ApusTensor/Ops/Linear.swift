// The linear map of layers, with bias and activation fused into the product's last pass.
// Read first: MatMul.swift, Activations.swift. Read next: ApusNN/Layers/Linear.swift.

import ApusKernelTypes
import ApusKernels

/// act(x·Wᵀ + b)
///
/// - Parameters:
///   - x: [.., in]
///   - weight: [out, in], as PyTorch stores it.
///   - bias: [out]
///   - activation: applied to the sum while it is still in cache.
/// - Returns: [.., out]
/// - Complexity: 2·rows·in·out operations.
/// - Precondition: the sizes agree.
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation: Activation? = nil) -> Tensor {
  checkLinear("linear", x.shape, weight.shape, bias?.shape)
  let (out, inputs) = (weight.shape[0], weight.shape[1])
  // The derivative of an activation that is a function of its input is kept; others follow from the result.
  let operation = activation?.operation
  let isTracked = x.isTracked || weight.isTracked || (bias?.isTracked ?? false)
  let keepsSlopes = isTracked && operation.map { !$0.savesResult } ?? false
  let (y, slopes) = linearForward(x, weight, bias, operation, keepsSlopes: keepsSlopes)
  return y.recorded("linear") {
    wrt([x, weight, bias]) { dy, isTracked in
      let dz = slopes.map { $0 * dy } ?? operation.map { y.mappedBackward($0, dy) } ?? dy
      let flat = dz.viewed(as: [dz.elementCount / max(1, out), out])
      return [
        isTracked[0] ? flat.matmul(weight.detached).viewed(as: x.shape) : nil,
        isTracked[1] ? flat.matmul(x.detached.viewed(as: [flat.shape[0], inputs]), transposing: .first) : nil,
        isTracked[2] ? flat.sum(along: 0) : nil,
      ]
    }
  }
}

/// Stops unless x [.., in], weight [out, in] and bias [out] fit.
func checkLinear(_ operation: StaticString, _ x: Shape, _ weight: Shape, _ bias: Shape?) {
  require(
    x.rank >= 1 && weight.rank == 2 && weight[1] == x[x.rank - 1],
    "\(operation): input \(x) and weight \(weight) (expected [.., in] and [out, in])")
  require(
    bias.map { $0 == [weight[0]] } ?? true,
    "\(operation): weight \(weight) and bias \(bias ?? []) (expected [out, in] and [out])")
}

/// act(x·Wᵀ + b) unrecorded, and act′ of the same elements if it is to be kept.
func linearForward(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ activation: UnaryOperation?, keepsSlopes: Bool
) -> (y: Tensor, slopes: Tensor?) {
  let (out, inputs) = (weight.shape[0], weight.shape[1])
  let rows = x.shape.dropLast().reduce(1, *)
  var shape = x.shape
  shape[x.rank - 1] = out
  let slopes = keepsSlopes ? Storage(count: shape.elementCount) : nil
  let y = Tensor(uninitialized: shape) { y in
    read(x, weight) { x, w in
      readOptional(bias) { bias in
        var arguments = MatMulArguments(
          m: rows, n: out, k: inputs, a: MatrixOperand(x, rowStride: inputs),
          b: MatrixOperand(w, rowStride: inputs, isTransposed: true), c: y, cRowStride: out)
        arguments.b.panels = weight.transposedPanels
        arguments.bias = bias
        arguments.activation = activation
        arguments.slopes = slopes?.elements
        Kernels.table.matMul(arguments, Kernels.schedule)
      }
    }
  }
  return (y, slopes.map { Tensor(shape: shape, storage: $0) })
}
