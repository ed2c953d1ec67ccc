// Maxima and minima along axes, and their positions. Read first: Reductions.swift.
// Read next: Sorting.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The maximum along an axis; of equal elements, the first receives the gradient. NaN counts as the largest.
  ///
  /// - Precondition: the axis is not empty.
  public func max(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: true, along: axis, keepingDimensions)
  }

  /// The minimum along an axis; of equal elements, the first receives the gradient. NaN counts as the smallest.
  ///
  /// - Precondition: the axis is not empty.
  public func min(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: false, along: axis, keepingDimensions)
  }

  /// The maxima along an axis, and their positions; of equal elements, the first counts and receives the gradient.
  ///
  /// - Precondition: the axis is not empty.
  public func maxWithIndices(along axis: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: IndexTensor)
  {
    extremumWithIndices(isLargest: true, along: axis, keepingDimensions)
  }

  /// The minima along an axis, and their positions; of equal elements, the first counts and receives the gradient.
  ///
  /// - Precondition: the axis is not empty.
  public func minWithIndices(along axis: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: IndexTensor)
  {
    extremumWithIndices(isLargest: false, along: axis, keepingDimensions)
  }

  /// The maximum over several axes (PyTorch's `amax`); equal elements share the gradient. NaN counts as the largest.
  ///
  /// - Precondition: none of the axes is empty.
  public func max(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: true, along: axes, keepingDimensions)
  }

  /// The minimum over several axes (PyTorch's `amin`); equal elements share the gradient. NaN counts as the smallest.
  ///
  /// - Precondition: none of the axes is empty.
  public func min(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    extremum(isLargest: false, along: axes, keepingDimensions)
  }

  /// The maximum of all elements, a scalar; equal elements share the gradient.
  ///
  /// - Precondition: the tensor is not empty.
  public func max() -> Tensor { max(along: Array(0..<rank)) }

  /// The minimum of all elements, a scalar; equal elements share the gradient.
  ///
  /// - Precondition: the tensor is not empty.
  public func min() -> Tensor { min(along: Array(0..<rank)) }

  /// The position of the largest element in `scalars`: the first of equal elements, or the first NaN.
  ///
  /// For one position per row, such as the class with the largest logit, use `argMax(along: -1)`.
  ///
  /// - Returns: a scalar, [].
  /// - Precondition: the tensor is not empty, and has fewer than 2³¹ elements.
  public func argMax() -> IndexTensor { position(isLargest: true, "argMax") }

  /// The position of the smallest element in `scalars`: the first of equal elements, or the first NaN.
  ///
  /// - Returns: a scalar, [].
  /// - Precondition: the tensor is not empty, and has fewer than 2³¹ elements.
  public func argMin() -> IndexTensor { position(isLargest: false, "argMin") }

  /// The positions of the largest elements along an axis: the first of equal elements, or the first NaN.
  ///
  /// - Precondition: the axis is not empty.
  public func argMax(along axis: Int, keepingDimensions: Bool = false) -> IndexTensor {
    positions(isLargest: true, along: shape.normalized(axis: axis, "argMax"), keepingDimensions, "argMax")
  }

  /// The positions of the smallest elements along an axis: the first of equal elements, or the first NaN.
  ///
  /// - Precondition: the axis is not empty.
  public func argMin(along axis: Int, keepingDimensions: Bool = false) -> IndexTensor {
    positions(isLargest: false, along: shape.normalized(axis: axis, "argMin"), keepingDimensions, "argMin")
  }

  /// Writes the position of the largest element of every row to `positions`, whose memory is reused if possible.
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
    let axis = shape.normalized(axis: axis, isLargest ? "max" : "min")
    require(shape[axis] > 0, "\(isLargest ? "max" : "min"): axis \(axis) of shape \(shape) is empty")
    return reduced(isLargest ? .maximum : .minimum, along: [axis], keepingDimensions: keepingDimensions)
  }

  private func extremumWithIndices(
    isLargest: Bool, along axis: Int, _ keepingDimensions: Bool
  ) -> (values: Tensor, indices: IndexTensor) {
    let axis = shape.normalized(axis: axis, isLargest ? "max" : "min")
    let indices = positions(isLargest: isLargest, along: axis, true, isLargest ? "max" : "min")
    let x = self
    let values = detached.gather(indices, along: axis).recorded("extremumAlongAxis") {
      wrt(x, adding: { dy, dx in dx.add(dy, at: indices, along: axis) })
    }
    if keepingDimensions { return (values, indices) }
    let kept = shape.reduced(along: [axis], keepingDimensions: false)
    return (values.reshaped(to: kept), indices.reshaped(to: kept))
  }

  private func extremum(isLargest: Bool, along axes: [Int], _ keepingDimensions: Bool) -> Tensor {
    let operation: StaticString = isLargest ? "max" : "min"
    let axes = normalized(axes, operation)
    require(axes.allSatisfy { shape[$0] > 0 }, "\(operation): one of axes \(axes) of shape \(shape) is empty")
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
