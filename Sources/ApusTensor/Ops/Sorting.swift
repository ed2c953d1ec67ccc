// Sorting and top-k along an axis. Read first: Extremes.swift, AlongAxis.swift.
// Read next: ApusKernelsBaseline/Sorting/SortKeys.swift, which maps floats to integers in the same order.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The elements sorted along an axis, and their previous positions.
  ///
  /// The sort is stable: equal elements keep their order. NaN counts as the largest.
  ///
  /// - Parameters:
  ///   - axis: the axis to sort; negative ones count from the end.
  ///   - descending: whether the largest element comes first.
  /// - Returns: values and indices, both of this tensor's shape; values = gather(indices, along: axis).
  /// - Complexity: linear in the number of elements (radix sort).
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

  /// The positions that sort the elements along an axis; equal elements keep their order, and NaN counts as the
  /// largest.
  public func argSort(along axis: Int = -1, descending: Bool = false) -> IndexTensor {
    detached.sorted(along: axis, descending: descending).indices
  }

  /// The k largest or smallest elements along an axis, sorted, and their positions.
  ///
  /// They are the first k elements of `sorted`: of equal elements the first ones, and NaN counts as the largest.
  ///
  /// - Parameters:
  ///   - k: the number of elements.
  ///   - axis: the axis to select from; negative ones count from the end.
  ///   - largest: whether the largest elements are selected, or the smallest.
  /// - Returns: values and indices with k elements along the axis.
  /// - Complexity: one pass, plus sorting of the few elements that were among the k best when they were reached.
  /// - Precondition: 0 ≤ k ≤ the size of the axis.
  public func topK(_ k: Int, along axis: Int = -1, largest: Bool = true) -> (values: Tensor, indices: IndexTensor) {
    let axis = shape.normalized(axis: axis, "topK")
    require(
      k >= 0 && k <= shape[axis],
      "topK: \(k) elements of axis \(axis) of shape \(shape) (expected 0 to \(shape[axis]))")
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
