// Sums and means along axes. Read next: Extremes.swift, Statistics.swift, Softmax.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// One reduction over adjacent axes: x viewed as [outer, count, inner] → [outer, inner].
  private func reduced(_ reduction: Reduction, outer: Int, count: Int, inner: Int, shape: Shape) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.reduce(reduction, x, y, outer: outer, count: count, inner: inner, Kernels.schedule)
      }
    }
  }

  /// A reduction over some (normalized) axes; not recorded.
  func reduced(_ reduction: Reduction, along axes: [Int], keepingDimensions: Bool) -> Tensor {
    // One pass for each run of adjacent axes, the last run first; a pass leaves the earlier axes in place.
    var result = self
    var shape = shape
    var axis = rank - 1
    while axis >= 0 {
      guard axes.contains(axis) else {
        axis -= 1
        continue
      }
      var first = axis
      while first > 0 && axes.contains(first - 1) { first -= 1 }
      let outer = shape[..<first].reduce(1, *)
      let count = shape[first...axis].reduce(1, *)
      let inner = shape[(axis + 1)...].reduce(1, *)
      for reducedAxis in first...axis { shape[reducedAxis] = 1 }
      result = result.reduced(reduction, outer: outer, count: count, inner: inner, shape: shape)
      axis = first - 1
    }
    return result.viewed(as: self.shape.reduced(along: axes, keepingDimensions: keepingDimensions))
  }

  /// The sum over the given axes.
  ///
  /// - Parameters:
  ///   - axes: the axes to reduce; negative ones count from the end.
  ///   - keepingDimensions: whether the axes are kept with size 1.
  /// - Returns: the tensor without these axes. The sum over an empty axis is 0.
  public func sum(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    let axes = normalized(axes, "sum")
    let x = self
    return reduced(.sum, along: axes, keepingDimensions: keepingDimensions).recorded("sum") {
      wrt(x) { [shape = x.shape] dy in
        dy.reshaped(to: shape.reduced(along: axes, keepingDimensions: true)).broadcast(to: shape)
      }
    }
  }

  /// The sum over one axis.
  public func sum(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    sum(along: [axis], keepingDimensions: keepingDimensions)
  }

  /// The sum of all elements, a scalar.
  public func sum() -> Tensor { sum(along: Array(0..<rank)) }

  /// The mean over the given axes.
  public func mean(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    let count = axes.reduce(1) { $0 * shape[shape.normalized(axis: $1, "mean")] }
    return sum(along: axes, keepingDimensions: keepingDimensions) * (1 / Float(count))
  }

  /// The mean over one axis.
  public func mean(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    mean(along: [axis], keepingDimensions: keepingDimensions)
  }

  /// The mean of all elements, a scalar.
  public func mean() -> Tensor { mean(along: Array(0..<rank)) }
}
