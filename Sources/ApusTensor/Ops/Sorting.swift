// Elements in order along an axis: sort and top-k. Read first: Extremes.swift, AlongAxis.swift.
// Read next: ApusKernelsBaseline/Sorting/SortKeys.swift, how floats become whole numbers in the same order.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The elements in order along an axis, and where each was. Equal elements keep their order; NaN is the largest.
  ///
  /// - Parameters:
  ///   - axis: which; negative ones count from the back.
  ///   - descending: the largest first.
  /// - Returns: values and indices, both of this tensor's shape; values = gather(indices).
  /// - Complexity: proportional to the elements: they are distributed by the digits of their bits.
  public func sorted(along axis: Int = -1, descending: Bool = false) -> (values: Tensor, indices: IndexTensor) {
    let axis = shape.normalized(axis: axis, "sorted")
    let run = AxisRun(shape, axis)
    let (x, storage) = (self, Storage(count: elementCount))
    let indices = IndexTensor(uninitialized: shape) { positions in
      read(self) { x in
        Kernels.current.sort(
          x, storage.elements, positions, outer: run.outer, count: run.count, inner: run.inner,
          isDescending: descending, Kernels.schedule)
      }
    }
    let values = Tensor(shape: shape, storage: storage).recorded("sorted") {
      wrt(x, adding: { dy, dx in dx.add(dy, at: indices, along: axis) })
    }
    return (values, indices)
  }

  /// The positions that put the elements in order along an axis; equal elements keep their order, NaN is the largest.
  public func argSort(along axis: Int = -1, descending: Bool = false) -> IndexTensor {
    detached.sorted(along: axis, descending: descending).indices
  }

  /// The k largest (or smallest) elements along an axis, the best first, and where they are.
  ///
  /// They are those that sorting would put first: of equal elements the first ones, NaN as the largest.
  ///
  /// - Parameters:
  ///   - k: how many, at most the axis' size.
  ///   - axis: which; negative ones count from the back.
  ///   - largest: or else the smallest.
  /// - Returns: values and indices with k places along the axis.
  /// - Complexity: one pass, and sorting of the few elements that were among the best when they were met.
  /// - Precondition: 0 ≤ k ≤ the axis' size.
  public func topK(_ k: Int, along axis: Int = -1, largest: Bool = true) -> (values: Tensor, indices: IndexTensor) {
    let axis = shape.normalized(axis: axis, "topK")
    require(k >= 0 && k <= shape[axis], "topK: \(k) elements of axis \(axis) of shape \(shape)")
    let run = AxisRun(shape, axis)
    var chosen = shape
    chosen[axis] = k
    let (x, storage) = (self, Storage(count: chosen.elementCount))
    let indices = IndexTensor(uninitialized: chosen) { positions in
      read(self) { x in
        Kernels.current.topK(
          x, storage.elements, positions, outer: run.outer, count: run.count, inner: run.inner, k: k,
          isLargest: largest, Kernels.schedule)
      }
    }
    let values = Tensor(shape: chosen, storage: storage).recorded("topK") {
      wrt(x, adding: { dy, dx in dx.add(dy, at: indices, along: axis) })
    }
    return (values, indices)
  }
}
