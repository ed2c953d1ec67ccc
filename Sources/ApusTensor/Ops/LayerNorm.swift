// Layer normalization. Read first: ApusKernelsReference/ReferenceLayerNorm.swift. Read next: RMSNorm.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// Layer normalization (x − mean) / √(variance + ε) · weight + bias over the trailing axes (Ba, Kiros, Hinton,
/// arXiv:1607.06450).
///
/// - Parameters:
///   - x: [.., normalized shape]
///   - weight: the normalized shape, which is one or more trailing axes of x.
///   - bias: the same shape. If both are nil, only the last axis is normalized.
///   - epsilon: ε. The variance is the biased one, as in PyTorch.
/// - Returns: the shape of x.
/// - Complexity: three passes over every row, two of them from cache; two numbers per row are kept for the backward
///   pass.
/// - Precondition: weight and bias have the shape of trailing axes of x.
public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor? = nil, epsilon: Float = 1e-5) -> Tensor {
  require(x.rank >= 1, "layerNorm: input \(x.shape) (expected at least one axis)")
  let normalized = weight?.shape ?? bias?.shape ?? Shape([x.shape[x.rank - 1]])
  require(
    x.shape.ends(with: normalized) && (bias == nil || bias?.shape == normalized),
    "layerNorm: input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? []) (trailing axes must agree)")
  let columns = normalized.elementCount
  let rows = columns == 0 ? 0 : x.elementCount / columns
  // The means of the rows, followed by their inverse standard deviations.
  let statistics = Workspace.storage(count: 2 * rows)
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        readOptional(bias) { bias in
          Kernels.current.layerNorm(
            x, weight: weight, bias: bias, epsilon: epsilon, y, mean: statistics.elements,
            inverseDeviation: statistics.elements + rows, rows: rows, columns: columns,
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
            Kernels.current.layerNormBackward(
              x, weight: w, mean: statistics.elements, inverseDeviation: statistics.elements + rows, dy, dx,
              dWeight: dWeight?.elements, dBias: dBias?.elements, rows: rows, columns: columns, Kernels.schedule)
          }
        }
      }
      return [dx] + [dWeight, dBias].map { $0.map { Tensor(shape: normalized, storage: $0) } }
    }
  }
}
