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
  require(
    x.rank >= 1 && weight.rank == 2 && weight.shape[1] == x.shape[x.rank - 1],
    "linear: input \(x.shape) and weight \(weight.shape) (expected [.., in] and [out, in])")
  require(
    bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "linear: weight \(weight.shape) and bias \(bias?.shape ?? []) (expected [out, in] and [out])")
  let (out, inputs) = (weight.shape[0], weight.shape[1])
  let rows = inputs == 0 ? x.shape.dropLast().reduce(1, *) : x.elementCount / inputs
  var shape = x.shape
  shape[x.rank - 1] = out

  // The backward of an activation that is a function of its input needs the sum before it.
  let operation = activation?.operation
  let isTracked = x.isTracked || weight.isTracked || (bias?.isTracked ?? false)
  let keepsSum = isTracked && operation.map { !$0.savesResult } ?? false
  let sum = keepsSum ? Storage(count: shape.elementCount) : nil
  let y = Tensor(uninitialized: shape) { y in
    read(x, weight) { x, w in
      readOptional(bias) { bias in
        var arguments = MatMulArguments(
          m: rows, n: out, k: inputs, a: MatrixOperand(x, rowStride: inputs),
          b: MatrixOperand(w, rowStride: inputs, isTransposed: true), c: y, cRowStride: out)
        arguments.bias = bias
        arguments.activation = operation
        arguments.preActivation = sum?.elements
        Kernels.table.matMul(arguments, Kernels.schedule)
      }
    }
  }
  let saved = sum.map { Tensor(shape: shape, storage: $0) } ?? y
  return y.recorded("linear") {
    wrt([x, weight, bias]) { dy in
      let dz = operation.map { saved.mappedBackward($0, dy) } ?? dy
      let flat = dz.viewed(as: [rows, out])
      // What is not tracked is not needed: its place is filled with what is at hand.
      let dx = x.node == .none ? dz : flat.matmul(weight.detached).viewed(as: x.shape)
      let dWeight =
        weight.node == .none ? dz : flat.matmul(x.detached.viewed(as: [rows, inputs]), transposing: .first)
      let dBias = bias == nil || bias?.node == TapeNode.none ? dz : flat.sum(along: 0)
      return [dx, dWeight, dBias]
    }
  }
}
