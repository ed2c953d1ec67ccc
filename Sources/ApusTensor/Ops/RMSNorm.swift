// Normalization by the root of the mean square. Read first: ApusKernelsReference/ReferenceRMSNorm.swift, LayerNorm.swift.

import ApusKernelTypes
import ApusKernels

/// x / √(mean x² + ε) · weight over the trailing axes (Zhang, Sennrich, arXiv:1910.07467).
///
/// Unlike `layerNorm` it takes no mean off and adds no bias: T5 and Llama normalize this way.
///
/// - Parameters:
///   - x: [.., normalized shape]
///   - weight: the normalized shape: one or more trailing axes of x; nil normalizes over the last axis only.
///   - epsilon: added to the mean square; by default the distance from 1 to the next float, as in PyTorch.
/// - Returns: the shape of x.
/// - Complexity: two passes over x, the second from the cache; 1/√ of every row is kept for the backward.
/// - Precondition: the weight's shape is that of x's trailing axes.
public func rmsNorm(_ x: Tensor, weight: Tensor?, epsilon: Float = .ulpOfOne) -> Tensor {
  require(x.rank >= 1, "rmsNorm: a tensor of shape \(x.shape) (at least one axis is needed)")
  let normalized = weight?.shape ?? Shape([x.shape[x.rank - 1]])
  require(
    x.shape.ends(with: normalized),
    "rmsNorm: input \(x.shape), weight \(normalized) (trailing axes must agree)")
  let columns = normalized.elementCount
  let rows = columns == 0 ? 0 : x.elementCount / columns
  let kernels = Kernels.table.normalizations
  let inverseRoot = Workspace.storage(count: rows)
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        kernels.rmsNorm(x, weight, epsilon, y, inverseRoot.elements, rows, columns, Kernels.schedule)
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
              x, w, inverseRoot.elements, dy, dx, dWeight?.elements, rows, columns, Kernels.schedule)
          }
        }
      }
      return [dx, dWeight.map { Tensor(shape: normalized, storage: $0) }]
    }
  }
}
