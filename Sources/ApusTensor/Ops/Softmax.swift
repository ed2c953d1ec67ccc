// Softmax and its logarithm. Read first: ApusKernelsReference/ReferenceSoftmax.swift. Read next: CrossEntropy.swift.

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
  /// x − ln Σ eˣ along an axis: the logarithm of softmax, without the underflow between the two.
  public func logSoftmax(along axis: Int = -1) -> Tensor {
    let axis = shape.normalized(axis: axis, "logSoftmax")
    if axis != rank - 1 {
      var order = Array(0..<rank)
      order.swapAt(axis, rank - 1)
      return permuted(order).logSoftmax().permuted(order)
    }
    let x = self
    let columns = shape[axis]
    let rows = columns == 0 ? 0 : elementCount / columns
    let y = Tensor(uninitialized: shape) { y in
      read(self) { x in Kernels.table.losses.logSoftmax(x, y, rows, columns, Kernels.schedule) }
    }
    return y.recorded("logSoftmax") {
      wrt(x) { dy in
        Tensor(uninitialized: y.shape) { dx in
          read(y, dy) { y, dy in Kernels.table.losses.logSoftmaxBackward(y, dy, dx, rows, columns, Kernels.schedule) }
        }
      }
    }
  }
}
