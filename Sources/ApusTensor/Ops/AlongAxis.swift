// Indexing along an axis: gather, scatter, index select, one-hot.
// Read first: Strides.swift; Gather.swift, which looks up rows of a table. Read next: Einsum.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// How an index tensor addresses another tensor along one of its axes, checked in one place.
private struct AxisPick {
  /// The sizes of the index tensor, and the strides of the other tensor; 0 along the indexed axis.
  private(set) var sizes: [Int] = []
  private(set) var strides: [Int] = []
  private(set) var axis: Int?
  let axisStride: Int

  init(_ indices: IndexTensor, _ shape: Shape, along axis: Int, _ operation: StaticString) {
    require(
      indices.shape.rank == shape.rank
        && shape.indices.allSatisfy { $0 == axis || indices.shape[$0] <= shape[$0] },
      "\(operation): indices \(indices.shape) into shape \(shape) along axis \(axis) "
        + "(expected equal ranks, and no larger sizes along the other axes)")
    indices.check(below: shape[axis], operation)
    let own = shape.strides
    axisStride = own[axis]
    for a in shape.indices where indices.shape[a] != 1 {
      let (size, stride) = (indices.shape[a], a == axis ? 0 : own[a])
      // Adjacent axes that can be traversed as one are merged; the indexed axis stays separate.
      if a != axis, let last = strides.last, self.axis != sizes.count - 1, last == stride * size {
        sizes[sizes.count - 1] *= size
        strides[strides.count - 1] = stride
      } else {
        if a == axis { self.axis = sizes.count }
        sizes.append(size)
        strides.append(stride)
      }
    }
    if sizes.isEmpty { (sizes, strides) = ([1], [0]) }
  }

  func gather(_ x: Tensor, _ indices: IndexTensor) -> Tensor {
    Tensor(uninitialized: indices.shape) { y in
      read(x) { x in
        indices.read {
          Kernels.current.gatherAlong(
            x, indices: $0, y, sizes: sizes, strides: strides, axisStride: axisStride, Kernels.schedule)
        }
      }
    }
  }

  /// Writes the elements of x into `target`, or adds them.
  func scatter(_ x: Tensor, _ indices: IndexTensor, into target: inout Tensor, adds: Bool) {
    // With a single index along the axis, all targets are distinct: the elements are treated as rows of one element.
    let (sizes, strides) = axis == nil ? (sizes + [1], strides + [0]) : (sizes, strides)
    let place = axis ?? sizes.count - 1
    target.withUnsafeMutablePointer { y in
      read(x) { x in
        indices.read {
          Kernels.current.scatterAlong(
            x, indices: $0, y, sizes: sizes, strides: strides, axisStride: axisStride, axis: place, adds: adds,
            Kernels.schedule)
        }
      }
    }
  }
}

extension Tensor {
  /// The elements that the indices select along one axis.
  ///
  ///     result[i, j, k] = self[i, indices[i, j, k], k]     along axis 1
  ///
  /// - Parameters:
  ///   - indices: the same rank as this tensor, and no larger along the other axes; each index is within the axis.
  ///   - axis: the indexed axis.
  /// - Returns: the indices' shape.
  /// - Precondition: the shapes agree; the indices are in range.
  public func gather(_ indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "gather")
    let x = self
    let pick = AxisPick(indices, shape, along: axis, "gather")
    return pick.gather(self, indices).recorded("gather") {
      wrt(x, adding: { dy, dx in pick.scatter(dy, indices, into: &dx, adds: true) })
    }
  }

  /// This tensor with elements replaced by those of `source`, at the positions that the indices select along an axis.
  ///
  ///     result[i, indices[i, j, k], k] = source[i, j, k]     along axis 1
  ///
  /// If several elements are written to one position, the last one in row-major order remains. As in PyTorch, gradients
  /// ignore this: each of these elements receives the gradient of the position.
  ///
  /// - Parameters:
  ///   - source: at least as large as the indices along every axis; elements beyond are not used.
  ///   - indices: the same rank as this tensor, and no larger along the other axes; each index is within the axis.
  ///   - axis: the indexed axis.
  /// - Precondition: the shapes agree; the indices are in range.
  public func scatter(_ source: Tensor, at indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "scatter")
    let (x, source) = (self, source.cut(to: indices.shape, "scatter"))
    let pick = AxisPick(indices, shape, along: axis, "scatter")
    var result = detached
    pick.scatter(source, indices, into: &result, adds: false)
    return result.recorded("scatter") {
      wrt(x) { dy in
        var dx = dy
        pick.scatter(.zeros(indices.shape), indices, into: &dx, adds: false)
        return dx
      }
      wrt(source) { dy in pick.gather(dy, indices) }
    }
  }

  /// This tensor with the elements of `source` added at the positions that the indices select along an axis.
  ///
  ///     result[i, indices[i, j, k], k] += source[i, j, k]     along axis 1
  ///
  /// - Parameters:
  ///   - source: at least as large as the indices along every axis; elements beyond are not used.
  ///   - indices: the same rank as this tensor, and no larger along the other axes; each index is within the axis.
  ///   - axis: the indexed axis.
  /// - Precondition: the shapes agree; the indices are in range.
  public func scatterAdd(_ source: Tensor, at indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "scatterAdd")
    let (x, source) = (self, source.cut(to: indices.shape, "scatterAdd"))
    let pick = AxisPick(indices, shape, along: axis, "scatterAdd")
    var result = detached
    pick.scatter(source, indices, into: &result, adds: true)
    return result.recorded("scatterAdd") {
      wrt(x) { dy in dy }
      wrt(source) { dy in pick.gather(dy, indices) }
    }
  }

  /// Adds the elements of `part` at the positions that the indices select along an axis; not recorded.
  mutating func add(_ part: Tensor, at indices: IndexTensor, along axis: Int) {
    AxisPick(indices, shape, along: axis, "scatterAdd").scatter(part, indices, into: &self, adds: true)
  }

  private func cut(to shape: Shape, _ operation: StaticString) -> Tensor {
    require(
      rank == shape.rank && zip(self.shape, shape).allSatisfy { $0 >= $1 },
      "\(operation): source \(self.shape), indices \(shape) (expected equal ranks, and a source that is no smaller)")
    return shape.indices.reduce(self) { x, axis in
      x.shape[axis] == shape[axis] ? x : x.slice(0..<shape[axis], along: axis)
    }
  }

  /// The slices at the given indices along an axis, in the order of the indices.
  ///
  /// - Parameters:
  ///   - indices: [count]; each index is within the axis.
  ///   - axis: the indexed axis.
  /// - Returns: this tensor's shape, with `indices.count` as the size of the axis.
  /// - Precondition: the indices are a vector, and in range.
  public func indexSelect(_ indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "indexSelect")
    require(indices.shape.rank == 1, "indexSelect: indices \(indices.shape) (expected a vector)")
    indices.check(below: shape[axis], "indexSelect")
    let x = self
    let run = AxisRun(shape, axis)
    var selected = shape
    selected[axis] = indices.count
    let result = Tensor(uninitialized: selected) { y in
      read(self) { x in
        indices.read {
          Kernels.current.indexSelect(
            x, indices: $0, y, outer: run.outer, count: run.count, chosen: indices.count, inner: run.inner,
            Kernels.schedule)
        }
      }
    }
    return result.recorded("indexSelect") {
      wrt(
        x,
        adding: { dy, dx in
          dx.withUnsafeMutablePointer { dx in
            read(dy) { dy in
              indices.read {
                Kernels.current.indexAdd(
                  dy, indices: $0, to: dx, outer: run.outer, count: run.count, chosen: indices.count, inner: run.inner,
                  Kernels.schedule)
              }
            }
          }
        })
    }
  }
}

extension IndexTensor {
  /// The one-hot encoding: 1 at each index and 0 elsewhere, along a new last axis.
  ///
  /// - Parameter classes: the size of the new axis.
  /// - Returns: [.., classes]
  /// - Precondition: every index is in 0 ..< classes.
  public func oneHot(classes: Int) -> Tensor {
    check(below: classes, "oneHot")
    return Tensor(uninitialized: Shape(Array(shape) + [classes])) { y in
      y.update(repeating: 0, count: count * classes)
      for (row, index) in indices.enumerated() { y[row * classes + Int(index)] = 1 }
    }
  }
}
