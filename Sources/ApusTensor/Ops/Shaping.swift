// The same elements under another shape or order; parts of tensors, and tensors put together.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The same memory under another shape, without recording.
  func viewed(as shape: Shape) -> Tensor { Tensor(shape: shape, storage: storage, offset: offset) }

  /// The same elements, row-major, under another shape; shares memory.
  ///
  /// - Parameter shape: its sizes; one of them may be −1 in `reshaped(_:)`.
  /// - Precondition: the element counts are equal.
  public func reshaped(to shape: Shape) -> Tensor {
    require(
      shape.elementCount == elementCount,
      "reshaped: \(self.shape) has \(elementCount) elements, \(shape) \(shape.elementCount)")
    let x = self
    return viewed(as: shape).recorded("reshaped") { wrt(x) { [shape = x.shape] dy in dy.reshaped(to: shape) } }
  }

  /// The same elements under the given sizes, one of which may be −1: whatever is left.
  public func reshaped(_ sizes: Int...) -> Tensor {
    let known = sizes.filter { $0 >= 0 }.reduce(1, *)
    require(sizes.filter { $0 < 0 }.count <= 1, "reshaped: more than one open size in \(sizes)")
    require(
      sizes.allSatisfy { $0 >= 0 } || (known > 0 && elementCount % known == 0),
      "reshaped: \(elementCount) elements do not fill \(sizes)")
    return reshaped(to: Shape(sizes.map { $0 < 0 ? elementCount / known : $0 }))
  }

  /// The axes in another order: axis a of the result is axis `order[a]` of this tensor.
  ///
  /// - Precondition: `order` names every axis once.
  public func permuted(_ order: [Int]) -> Tensor {
    require(
      order.sorted() == Array(0..<rank), "permuted: \(order) is not an order of the \(rank) axes of \(shape)")
    let x = self
    let strides = shape.strides
    let newShape = Shape(order.map { shape[$0] })
    let result = Tensor(uninitialized: newShape) { y in
      read(self) { x in Kernels.table.permute(x, y, Array(newShape), order.map { strides[$0] }, Kernels.schedule) }
    }
    return result.recorded("permuted") {
      wrt(x) { dy in
        var inverse = order
        for (axis, source) in order.enumerated() { inverse[source] = axis }
        return dy.permuted(inverse)
      }
    }
  }

  /// The last two axes exchanged.
  ///
  /// - Precondition: there are at least two.
  public func transposed() -> Tensor {
    require(rank >= 2, "transposed: a tensor of shape \(shape) (at least two axes are needed)")
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    return permuted(order)
  }

  /// Repeats axes of size 1 (and new leading axes) until the shape is `shape`.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    let plan = BroadcastPlan("broadcast", self.shape, shape)
    require(plan.shape == shape, "broadcast: \(self.shape) does not broadcast to \(shape)")
    let x = self
    // x + 0, with a single zero repeated over the whole shape.
    let zero = Tensor(uninitialized: Shape(Array(repeating: 1, count: shape.rank))) { $0[0] = 0 }
    let result = Tensor(uninitialized: shape) { y in
      BroadcastPlan(shape: shape).run(.add, x, zero, into: y)
    }
    return result.recorded("broadcast") { wrt(x) { [shape = x.shape] dy in dy.summed(to: shape) } }
  }

  /// The elements whose index along `axis` is in `range`.
  ///
  /// - Precondition: the range lies within the axis.
  public func slice(_ range: Range<Int>, along axis: Int = 0) -> Tensor {
    let axis = shape.normalized(axis: axis, "slice")
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[axis], "slice: \(range) of axis \(axis) of shape \(shape)")
    let x = self
    var newShape = shape
    newShape[axis] = range.count
    let outer = shape[..<axis].reduce(1, *)
    let inner = shape[(axis + 1)...].reduce(1, *)
    let result: Tensor
    if outer == 1 {
      // Leading rows lie together: the slice is a view.
      result = Tensor(shape: newShape, storage: storage, offset: offset + range.lowerBound * inner)
    } else {
      result = Tensor(uninitialized: newShape) { y in
        read(self) { x in
          Kernels.table.copyRows(
            x + range.lowerBound * inner, shape[axis] * inner, y, range.count * inner, outer, range.count * inner,
            Kernels.schedule)
        }
      }
    }
    return result.recorded("slice") {
      wrt(x) { [shape = x.shape] dy in
        var dx = Tensor.zeros(shape)
        dx.withUnsafeMutablePointer { dx in
          read(dy) { dy in
            Kernels.table.copyRows(
              dy, range.count * inner, dx + range.lowerBound * inner, shape[axis] * inner, outer,
              range.count * inner, Kernels.schedule)
          }
        }
        return dx
      }
    }
  }

  /// Equal parts along an axis.
  ///
  /// - Precondition: the axis is a multiple of `count`.
  public func split(into count: Int, along axis: Int) -> [Tensor] {
    let axis = shape.normalized(axis: axis, "split")
    require(
      count > 0 && shape[axis] % count == 0, "split: axis \(axis) of shape \(shape) into \(count) equal parts")
    let size = shape[axis] / count
    return (0..<count).map { slice($0 * size..<($0 + 1) * size, along: axis) }
  }
}

/// Tensors one after another along an axis.
///
/// - Precondition: at least one tensor; all other sizes are equal.
public func concatenated(_ parts: [Tensor], along axis: Int) -> Tensor {
  require(!parts.isEmpty, "concatenated: no tensors")
  let first = parts[0].shape
  let axis = first.normalized(axis: axis, "concatenated")
  var shape = first
  shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
  for part in parts {
    var expected = first
    require(part.rank == first.rank, "concatenated: shapes \(first) and \(part.shape)")
    expected[axis] = part.shape[axis]
    require(part.shape == expected, "concatenated: shapes \(first) and \(part.shape) along axis \(axis)")
  }
  let outer = first[..<axis].reduce(1, *)
  let inner = first[(axis + 1)...].reduce(1, *)
  let width = shape[axis] * inner
  var starts: [Int] = []
  let result = Tensor(uninitialized: shape) { y in
    var start = 0
    for part in parts {
      let columns = part.shape[axis] * inner
      read(part) { x in Kernels.table.copyRows(x, columns, y + start, width, outer, columns, Kernels.schedule) }
      starts.append(start / Swift.max(1, inner))
      start += columns
    }
  }
  let sizes = parts.map { $0.shape[axis] }
  return result.recorded("concatenated") {
    wrt(parts) { dy in zip(starts, sizes).map { dy.slice($0..<$0 + $1, along: axis) } }
  }
}
