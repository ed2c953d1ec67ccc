// The largest and smallest elements along axes, and where they are. Read first: Reductions.swift.
// Read next: Sorting.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The largest element along an axis; the gradient goes to the first of equal ones. NaN counts as the largest.
  ///
  /// - Precondition: the axis is not empty.
  public func max(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: true, along: axis, keepingDimensions)
  }

  /// The smallest element along an axis; the gradient goes to the first of equal ones. NaN counts as the smallest.
  ///
  /// - Precondition: the axis is not empty.
  public func min(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: false, along: axis, keepingDimensions)
  }

  /// The largest elements along an axis, and the positions of the first of each; the gradient goes there.
  ///
  /// - Precondition: the axis is not empty.
  public func maxWithIndices(along axis: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: IndexTensor)
  {
    extremumWithIndices(isLargest: true, along: axis, keepingDimensions)
  }

  /// The smallest elements along an axis, and the positions of the first of each; the gradient goes there.
  ///
  /// - Precondition: the axis is not empty.
  public func minWithIndices(along axis: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: IndexTensor)
  {
    extremumWithIndices(isLargest: false, along: axis, keepingDimensions)
  }

  /// The largest element along several axes; equal ones share the gradient (PyTorch's `amax`). NaN counts as the largest.
  ///
  /// - Precondition: none of the axes is empty.
  public func max(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: true, along: axes, keepingDimensions)
  }

  /// The smallest element along several axes; equal ones share the gradient (PyTorch's `amin`). NaN counts as the smallest.
  ///
  /// - Precondition: none of the axes is empty.
  public func min(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: false, along: axes, keepingDimensions)
  }

  /// The largest element of all; equal ones share the gradient.
  ///
  /// - Precondition: there is an element.
  public func max() -> Tensor { max(along: Array(0..<rank)) }

  /// The smallest element of all; equal ones share the gradient.
  ///
  /// - Precondition: there is an element.
  public func min() -> Tensor { min(along: Array(0..<rank)) }

  /// The position of the largest element of all, in `scalars`: the first of equal ones, or the first NaN.
  ///
  /// Of the rows of a matrix, such as the scores of classes, `argMax(along: -1)` gives one position each.
  ///
  /// - Returns: one number, of shape [].
  /// - Precondition: there is an element, and there are fewer than 2³¹.
  public func argMax() -> IndexTensor { position(isLargest: true, "argMax") }

  /// The position of the smallest element of all, in `scalars`: the first of equal ones, or the first NaN.
  ///
  /// - Returns: one number, of shape [].
  /// - Precondition: there is an element, and there are fewer than 2³¹.
  public func argMin() -> IndexTensor { position(isLargest: false, "argMin") }

  /// The position of the largest element along an axis: the first of equal ones, or the first NaN.
  ///
  /// - Precondition: the axis is not empty.
  public func argMax(along axis: Int, keepingDimensions: Bool = false) -> IndexTensor {
    positions(isLargest: true, along: shape.normalized(axis: axis, "argMax"), keepingDimensions, "argMax")
  }

  /// The position of the smallest element along an axis: the first of equal ones, or the first NaN.
  ///
  /// - Precondition: the axis is not empty.
  public func argMin(along axis: Int, keepingDimensions: Bool = false) -> IndexTensor {
    positions(isLargest: false, along: shape.normalized(axis: axis, "argMin"), keepingDimensions, "argMin")
  }

  /// The position of the largest element of every row, put in the place of other numbers.
  package func argMax(into positions: inout IndexTensor) {
    let run = AxisRun(shape, rank - 1)
    require(run.count > 0, "argMax: the last axis of shape \(shape) is empty")
    positions.overwrite(as: Shape(shape.dropLast())) { positions in
      read(self) { x in
        Kernels.current.extremePositions(
          x, positions, outer: run.outer, count: run.count, inner: 1, isLargest: true, Kernels.schedule)
      }
    }
  }

  private func position(isLargest: Bool, _ operation: StaticString) -> IndexTensor {
    require(elementCount <= Int(Int32.max), "\(operation): \(elementCount) elements (expected fewer than 2³¹)")
    return detached.viewed(as: [elementCount]).positions(isLargest: isLargest, along: 0, false, operation)
  }

  private func positions(
    isLargest: Bool, along axis: Int, _ keepingDimensions: Bool, _ operation: StaticString
  ) -> IndexTensor {
    require(shape[axis] > 0, "\(operation): axis \(axis) of shape \(shape) is empty")
    let run = AxisRun(shape, axis)
    let shape = shape.reduced(along: [axis], keepingDimensions: keepingDimensions)
    return IndexTensor(uninitialized: shape) { positions in
      read(self) { x in
        Kernels.current.extremePositions(
          x, positions, outer: run.outer, count: run.count, inner: run.inner, isLargest: isLargest, Kernels.schedule)
      }
    }
  }

  private func extremum(isLargest: Bool, along axis: Int, _ keepingDimensions: Bool) -> Tensor {
    if isTracked { return extremumWithIndices(isLargest: isLargest, along: axis, keepingDimensions).values }
    let axis = shape.normalized(axis: axis, "extremumAlongAxis")
    require(shape[axis] > 0, "extremumAlongAxis: axis \(axis) of shape \(shape) is empty")
    return reduced(isLargest ? .maximum : .minimum, along: [axis], keepingDimensions: keepingDimensions)
  }

  private func extremumWithIndices(
    isLargest: Bool, along axis: Int, _ keepingDimensions: Bool
  ) -> (values: Tensor, indices: IndexTensor) {
    let axis = shape.normalized(axis: axis, "extremumAlongAxis")
    let indices = positions(isLargest: isLargest, along: axis, true, "extremumAlongAxis")
    let x = self
    let values = detached.gather(indices, along: axis).recorded("extremumAlongAxis") {
      wrt(x, adding: { dy, dx in dx.add(dy, at: indices, along: axis) })
    }
    if keepingDimensions { return (values, indices) }
    let kept = shape.reduced(along: [axis], keepingDimensions: false)
    return (values.reshaped(to: kept), indices.reshaped(to: kept))
  }

  private func extremum(isLargest: Bool, along axes: [Int], _ keepingDimensions: Bool) -> Tensor {
    let axes = normalized(axes, "extremumAlongAxes")
    require(axes.allSatisfy { shape[$0] > 0 }, "extremumAlongAxes: one of axes \(axes) of shape \(shape) is empty")
    let kept = shape.reduced(along: axes, keepingDimensions: keepingDimensions)
    if !isTracked { return reduced(isLargest ? .maximum : .minimum, along: axes, keepingDimensions: keepingDimensions) }
    let (x, run) = together(axes)
    let y = reduced(isLargest ? .maximum : .minimum, along: axes, keepingDimensions: keepingDimensions)
    return y.viewed(as: kept).recorded("extremumAlongAxes") {
      wrt(x) { dy in
        Tensor(uninitialized: x.shape) { dx in
          read(x, y, dy) { x, y, dy in
            Kernels.current.shareAmongEqual(
              x, y, dy, dx, outer: run.outer, count: run.count, inner: run.inner, Kernels.schedule)
          }
        }
      }
    }
  }
}
