// Layer normalization. Read first: ApusKernelsReference/ReferenceLayerNorm.swift.

import ApusKernelTypes
import ApusKernels

/// (x − mean) / √(variance + ε) · weight + bias over the trailing axes (Ba, Kiros, Hinton, arXiv:1607.06450).
///
/// - Parameters:
///   - x: [.., normalized shape]
///   - weight: the normalized shape: one or more trailing axes of x; nil normalizes over the last axis only.
///   - bias: the same shape.
///   - epsilon: added to the variance (biased, as in PyTorch).
/// - Returns: the shape of x.
public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor? = nil, epsilon: Float = 1e-5) -> Tensor {
  require(x.rank >= 1, "layerNorm: a tensor of shape \(x.shape) (at least one axis is needed)")
  let normalized = weight?.shape ?? bias?.shape ?? Shape([x.shape[x.rank - 1]])
  require(
    x.shape.ends(with: normalized) && (bias == nil || bias?.shape == normalized),
    "layerNorm: input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? []) (trailing axes must agree)")
  let columns = normalized.elementCount
  let rows = columns == 0 ? 0 : x.elementCount / columns
  // The means of the rows, then their inverse deviations.
  let statistics = Workspace.storage(count: 2 * rows)
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        readOptional(bias) { bias in
          Kernels.table.layerNorm(
            x, weight, bias, epsilon, y, statistics.elements, statistics.elements + rows, rows, columns,
            Kernels.schedule)
        }
      }
    }
  }
  return y.recorded("layerNorm") {
    wrt([x, weight, bias]) { dy, isTracked in
      let dWeight = isTracked[1] ? Storage(count: columns) : nil
      let dBias = isTracked[2] ? Storage(count: columns) : nil
      let dx = Tensor(uninitialized: x.shape) { dx in
        read(x, dy) { x, dy in
          readOptional(weight) { w in
            Kernels.table.layerNormBackward(
              x, w, statistics.elements, statistics.elements + rows, dy, dx, dWeight?.elements,
              dBias?.elements, rows, columns, Kernels.schedule)
          }
        }
      }
      return [dx] + [dWeight, dBias].map { $0.map { Tensor(shape: normalized, storage: $0) } }
    }
  }
}
