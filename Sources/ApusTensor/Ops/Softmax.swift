// Softmax and its logarithm. Read first: ApusKernelsReference/ReferenceSoftmax.swift. Read next: CrossEntropy.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The softmax eˣ / Σ eˣ along an axis; lines that contain only −∞ give zeros.
  public func softmax(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "softmax")
    if axis != rank - 1 { return withAxisLast(axis) { $0.softmax() } }
    let x = self
    let y = rowByRow { x, y, rows, columns in
      Kernels.current.softmax(x, y, rows: rows, columns: columns, Kernels.schedule)
    }
    return y.recorded("softmax") {
      wrt(x) { dy in
        y.rowByRow(dy) { y, dy, dx, rows, columns in
          Kernels.current.softmaxBackward(y, dy, dx, rows: rows, columns: columns, Kernels.schedule)
        }
      }
    }
  }

  /// The logarithm of softmax along an axis, computed as x − ln Σ eˣ, without the underflow of `softmax().log()`.
  public func logSoftmax(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "logSoftmax")
    if axis != rank - 1 { return withAxisLast(axis) { $0.logSoftmax() } }
    let x = self
    let y = rowByRow { x, y, rows, columns in
      Kernels.current.logSoftmax(x, y, rows: rows, columns: columns, Kernels.schedule)
    }
    return y.recorded("logSoftmax") {
      wrt(x) { dy in
        y.rowByRow(dy) { y, dy, dx, rows, columns in
          Kernels.current.logSoftmaxBackward(y, dy, dx, rows: rows, columns: columns, Kernels.schedule)
        }
      }
    }
  }

  /// Applies `body` with an axis and the last one exchanged, and exchanges them back: the kernels work on rows.
  private func withAxisLast(_ axis: Int, _ body: (Tensor) -> Tensor) -> Tensor {
    body(transposed(axis, rank - 1)).transposed(axis, rank - 1)
  }

  /// The number of rows along the last axis, and their length.
  private var rows: (count: Int, length: Int) {
    let length = shape[rank - 1]
    return (length == 0 ? 0 : elementCount / length, length)
  }

  private func rowByRow(
    _ kernel: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int) -> Void
  ) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in kernel(x, y, rows.count, rows.length) }
    }
  }

  /// The gradient of the input, from this result and its gradient.
  private func rowByRow(
    _ dy: Tensor,
    _ kernel: (
      UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int
    ) -> Void
  ) -> Tensor {
    Tensor(uninitialized: shape) { dx in
      read(self, dy) { y, dy in kernel(y, dy, dx, rows.count, rows.length) }
    }
  }
}
