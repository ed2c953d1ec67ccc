// Root mean square normalization. Read first: ApusKernelsReference/ReferenceRMSNorm.swift, LayerNorm.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// RMS normalization x / √(mean x² + ε) · weight over the trailing axes (Zhang, Sennrich, arXiv:1910.07467).
///
/// Unlike `layerNorm`, it neither subtracts the mean nor adds a bias. T5 and Llama use it.
///
/// - Parameters:
///   - x: [.., normalized shape]
///   - weight: the normalized shape, which is one or more trailing axes of x; nil normalizes the last axis only.
///   - epsilon: ε; by default the distance from 1 to the next float, as in PyTorch.
/// - Returns: the shape of x.
/// - Complexity: two passes over x, the second from cache; one number per row is kept for the backward pass.
/// - Precondition: the weight has the shape of trailing axes of x.
public func rmsNorm(_ x: Tensor, weight: Tensor?, epsilon: Float = .ulpOfOne) -> Tensor {
  require(x.rank >= 1, "rmsNorm: input \(x.shape) (expected at least one axis)")
  let normalized = weight?.shape ?? Shape([x.shape[x.rank - 1]])
  require(
    x.shape.ends(with: normalized),
    "rmsNorm: input \(x.shape), weight \(normalized) (the weight must match the trailing axes)")
  let columns = normalized.elementCount
  let rows = columns == 0 ? 0 : x.elementCount / columns
  let kernels = Kernels.current
  let inverseRoot = Workspace.storage(count: rows)
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        kernels.rmsNorm(
          x, weight: weight, epsilon: epsilon, y, inverseRoot: inverseRoot.elements, rows: rows, columns: columns,
          Kernels.schedule)
      }
    }
  }
  return y.recorded("rmsNorm") {
    wrt([x, weight]) { dy, isTracked in
      let dWeight = isTracked[1] ? Storage(count: columns) : nil
      let dx = Tensor(uninitialized: x.shape) { dx in
        read(x, dy) { x, dy in
          readOptional(weight) { w in
            kernels.rmsNormBackward(
              x, weight: w, inverseRoot: inverseRoot.elements, dy, dx, dWeight: dWeight?.elements,
              rows: rows, columns: columns, Kernels.schedule)
          }
        }
      }
      return [dx, dWeight.map { Tensor(shape: normalized, storage: $0) }]
    }
  }
}
