// Elements picked by index along an axis: gather, scatter, whole parts by index, one-hot.
// Read first: Strides.swift; Gather.swift, the same for the rows of an embedding's table. Read next: Einsum.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// How an index tensor addresses another tensor along one of its axes, checked in one place.
private struct AxisPick {
  /// Sizes of the index tensor, and the distances in the other one; 0 along the indexed axis.
  private(set) var sizes: [Int] = []
  private(set) var strides: [Int] = []
  private(set) var axis: Int?
  let axisStride: Int

  init(_ indices: IndexTensor, _ shape: Shape, along axis: Int, _ operation: StaticString) {
    require(
      indices.shape.rank == shape.rank
        && shape.indices.allSatisfy { $0 == axis || indices.shape[$0] <= shape[$0] },
      "\(operation): indices \(indices.shape) into shape \(shape) along axis \(axis) "
        + "(expected as many axes, and no larger sizes along the others)")
    indices.check(below: shape[axis], operation)
    let own = shape.strides
    axisStride = own[axis]
    for a in shape.indices where indices.shape[a] != 1 {
      let (size, stride) = (indices.shape[a], a == axis ? 0 : own[a])
      // Neighbours that are walked through like one axis become one; the indexed axis stays alone.
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

  /// Writes (or adds) the elements of x into `target`.
  func scatter(_ x: Tensor, _ indices: IndexTensor, into target: inout Tensor, adds: Bool) {
    // Where there is one index for each place of the other axes, no two meet: they are rows of one element.
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
  /// Along one axis the elements that the indices name; along the others those at the indices' own places.
  ///
  ///     result[i, j, k] = self[i, indices[i, j, k], k]     along axis 1
  ///
  /// - Parameters:
  ///   - indices: as many axes as this tensor, along the others no larger; from 0 to the axis' size − 1.
  ///   - axis: the one that is indexed.
  /// - Returns: the indices' shape.
  /// - Precondition: the shapes agree, the indices are in range.
  public func gather(_ indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "gather")
    let x = self
    let pick = AxisPick(indices, shape, along: axis, "gather")
    return pick.gather(self, indices).recorded("gather") {
      wrt(x, adding: { dy, dx in pick.scatter(dy, indices, into: &dx, adds: true) })
    }
  }

  /// This tensor with elements of `source` in the places that the indices name along an axis.
  ///
  ///     result[i, indices[i, j, k], k] = source[i, j, k]     along axis 1
  ///
  /// Where several elements meet, the last one counts (in row-major order); as in PyTorch, gradients take no notice of that,
  /// and give each the gradient of the place.
  ///
  /// - Parameters:
  ///   - source: along no axis smaller than the indices; what is larger is left out.
  ///   - indices: as many axes as this tensor, along all but the indexed one no larger.
  ///   - axis: the one that is indexed.
  /// - Precondition: the shapes agree, the indices are in range.
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

  /// This tensor with elements of `source` added to the places that the indices name along an axis.
  ///
  ///     result[i, indices[i, j, k], k] += source[i, j, k]     along axis 1
  ///
  /// - Parameters:
  ///   - source: along no axis smaller than the indices; what is larger is left out.
  ///   - indices: as many axes as this tensor, along all but the indexed one no larger.
  ///   - axis: the one that is indexed.
  /// - Precondition: the shapes agree, the indices are in range.
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

  /// Adds the elements of `part` to the places that the indices name along an axis; not recorded.
  mutating func add(_ part: Tensor, at indices: IndexTensor, along axis: Int) {
    AxisPick(indices, shape, along: axis, "scatterAdd").scatter(part, indices, into: &self, adds: true)
  }

  private func cut(to shape: Shape, _ operation: StaticString) -> Tensor {
    require(
      rank == shape.rank && zip(self.shape, shape).allSatisfy { $0 >= $1 },
      "\(operation): source \(self.shape) for indices \(shape) (expected as many axes, none smaller)")
    return shape.indices.reduce(self) { x, axis in
      x.shape[axis] == shape[axis] ? x : x.slice(0..<shape[axis], along: axis)
    }
  }

  /// The parts at some indices along an axis, in their order.
  ///
  /// - Parameters:
  ///   - indices: a vector; from 0 to the axis' size − 1.
  ///   - axis: the one that is indexed.
  /// - Returns: this tensor's shape, with as many places along the axis as there are indices.
  /// - Precondition: the indices are a vector and in range.
  public func indexSelect(_ indices: IndexTensor, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "indexSelect")
    require(indices.shape.rank == 1, "indexSelect: indices of shape \(indices.shape) (expected a vector)")
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
  /// A 1 at each index, 0 elsewhere, along a new last axis.
  ///
  /// - Parameter classes: the new axis' size.
  /// - Returns: [.., classes]
  /// - Precondition: the indices are below `classes` and not negative.
  public func oneHot(classes: Int) -> Tensor {
    check(below: classes, "oneHot")
    return Tensor(uninitialized: Shape(Array(shape) + [classes])) { y in
      y.update(repeating: 0, count: count * classes)
      for (row, index) in indices.enumerated() { y[row * classes + Int(index)] = 1 }
    }
  }
}
