// Sums, means and extrema along axes. Read next: Softmax.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// One reduction over neighbouring axes: x seen as [outer, count, inner] → [outer, inner].
  private func reduced(_ reduction: Reduction, outer: Int, count: Int, inner: Int, shape: Shape) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in Kernels.table.reduce(reduction, x, y, outer, count, inner, Kernels.schedule) }
    }
  }

  private func reduced(_ reduction: Reduction, along axes: [Int], keepingDimensions: Bool) -> Tensor {
    // Runs of neighbouring axes, last first; every pass leaves the earlier axes where they are.
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

  private func normalized(_ axes: [Int], _ operation: StaticString) -> [Int] {
    let result = axes.map { shape.normalized(axis: $0, operation) }
    require(Set(result).count == result.count, "\(operation): an axis twice in \(axes)")
    return result
  }

  /// Σ over the given axes.
  ///
  /// - Parameters:
  ///   - axes: which; negative ones count from the back.
  ///   - keepingDimensions: leaves the axes with size 1.
  /// - Returns: the tensor without those axes. An axis of size 0 sums to 0.
  public func sum(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    let axes = normalized(axes, "sum")
    let x = self
    return reduced(.sum, along: axes, keepingDimensions: keepingDimensions).recorded("sum") {
      wrt(x) { [shape = x.shape] dy in
        dy.reshaped(to: shape.reduced(along: axes, keepingDimensions: true)).broadcast(to: shape)
      }
    }
  }

  /// Σ over one axis.
  public func sum(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    sum(along: [axis], keepingDimensions: keepingDimensions)
  }

  /// Σ over all elements: a single number.
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

  /// The mean of all elements: a single number.
  public func mean() -> Tensor { mean(along: Array(0..<rank)) }

  /// The largest element along an axis; the gradient goes to the first of equal ones.
  ///
  /// - Precondition: the axis is not empty.
  public func max(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(.maximum, along: axis, keepingDimensions)
  }

  /// The smallest element along an axis; the gradient goes to the first of equal ones.
  ///
  /// - Precondition: the axis is not empty.
  public func min(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    extremum(.minimum, along: axis, keepingDimensions)
  }

  private func extremum(_ reduction: Reduction, along axis: Int, _ keepingDimensions: Bool) -> Tensor {
    let axis = shape.normalized(axis: axis, "extremumAlongAxis")
    require(shape[axis] > 0, "extremumAlongAxis: axis \(axis) of shape \(shape) is empty")
    let x = self
    let result = reduced(reduction, along: [axis], keepingDimensions: keepingDimensions)
    return result.recorded("extremumAlongAxis") {
      wrt(x) { dy in x.spread(dy, overFirst: result, along: axis) }
    }
  }

  /// dy at the first position along `axis` where x equals `value`, 0 elsewhere.
  private func spread(_ dy: Tensor, overFirst value: Tensor, along axis: Int) -> Tensor {
    let (outer, count) = (shape[..<axis].reduce(1, *), shape[axis])
    let inner = shape[(axis + 1)...].reduce(1, *)
    return Tensor(uninitialized: shape) { dx in
      read(self, dy, value) { x, dy, value in
        for o in 0..<outer {
          for i in 0..<inner {
            var isFound = false
            for r in 0..<count {
              let position = (o * count + r) * inner + i
              let isFirst = !isFound && x[position] == value[o * inner + i]
              dx[position] = isFirst ? dy[o * inner + i] : 0
              isFound = isFound || isFirst
            }
          }
        }
      }
    }
  }

  /// The position of the largest element along an axis; the first of equal ones.
  ///
  /// - Precondition: the axis is not empty.
  public func argMax(along axis: Int = -1) -> IndexTensor {
    let axis = shape.normalized(axis: axis, "argMax")
    let (outer, count) = (shape[..<axis].reduce(1, *), shape[axis])
    require(count > 0, "argMax: axis \(axis) of shape \(shape) is empty")
    let inner = shape[(axis + 1)...].reduce(1, *)
    let positions = withUnsafePointer { x in
      (0..<outer * inner).map { place in
        let start = place / inner * count * inner + place % inner
        var best = 0
        for r in 1..<Swift.max(1, count) where x[start + r * inner] > x[start + best * inner] { best = r }
        return Int32(best)
      }
    }
    return IndexTensor(positions, shape: shape.reduced(along: [axis], keepingDimensions: false))
  }
}
