// Tiling, repeating, flipping and rolling. Read first: Strides.swift. Read next: AlongAxis.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// This tensor repeated as a whole, `counts[a]` times along axis a (PyTorch's `tile`).
  ///
  /// - Parameter counts: one for every axis; additional leading counts create new leading axes.
  /// - Precondition: there are at least as many counts as axes; none is negative.
  public func tiled(_ counts: [Int]) -> Tensor {
    require(
      counts.count >= rank && counts.allSatisfy { $0 >= 0 },
      "tiled: counts \(counts) for shape \(shape) (expected at least one for every axis, none negative)")
    if counts.count > rank {
      let ones = Array(repeating: 1, count: counts.count - rank)
      return reshaped(to: Shape(ones + Array(shape))).tiled(counts)
    }
    let x = self
    let tiled = Shape(zip(counts, shape).map { $0 * $1 })
    let strides = shape.strides
    let walk = shape.indices.flatMap { [(size: counts[$0], stride: 0), (shape[$0], strides[$0])] }
    return copied(along: walk, as: tiled).recorded("tiled") {
      wrt(x) { [shape = x.shape] dy in
        // The copies along an axis form an axis of their own before it, which is summed over.
        var (dx, sizes) = (dy, Array(tiled))
        for axis in shape.indices where counts[axis] != 1 {
          let (outer, inner) = (sizes[..<axis].reduce(1, *), sizes[(axis + 1)...].reduce(1, *))
          dx = dx.reshaped(to: [outer, counts[axis], shape[axis] * inner]).sum(along: 1)
          sizes[axis] = shape[axis]
        }
        return dx.reshaped(to: shape)
      }
    }
  }

  /// This tensor with every slice along `axis` repeated `count` times in succession (PyTorch's `repeat_interleave`).
  ///
  /// - Precondition: the count is not negative.
  public func repeated(_ count: Int, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "repeated")
    require(count >= 0, "repeated: count is \(count) (it must not be negative)")
    let x = self
    let run = AxisRun(shape, axis)
    var repeated = shape
    repeated[axis] = run.count * count
    let walk = [(size: run.outer * run.count, stride: run.inner), (count, 0), (run.inner, 1)]
    return copied(along: walk, as: repeated).recorded("repeated") {
      wrt(x) { [shape = x.shape] dy in
        dy.reshaped(to: [run.outer * run.count, count, run.inner]).sum(along: 1).reshaped(to: shape)
      }
    }
  }

  /// This tensor with the elements in reverse order along the given axes.
  public func flipped(along axes: [Int]) -> Tensor {
    let x = self
    let axes = normalized(axes, "flipped")
    let strides = shape.strides
    let start = axes.reduce(0) { $0 + (shape[$1] - 1) * strides[$1] }
    let walk = shape.indices.map { (size: shape[$0], stride: axes.contains($0) ? -strides[$0] : strides[$0]) }
    return copied(from: start, along: walk, as: shape).recorded("flipped") {
      wrt(x) { dy in dy.flipped(along: axes) }
    }
  }

  /// This tensor with the elements in reverse order along one axis.
  public func flipped(along axis: Int) -> Tensor { flipped(along: [axis]) }

  /// This tensor with the elements shifted by `shift` along an axis; elements shifted past one end wrap to the other.
  public func rolled(by shift: Int, along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "rolled")
    let size = shape[axis]
    guard size > 0 else { return self }
    let start = ((shift % size) + size) % size
    let (x, run) = (self, AxisRun(shape, axis))
    let width = size * run.inner
    let (head, tail) = (start * run.inner, (size - start) * run.inner)
    let result = Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.copyRows(
          x + tail, stride: width, y, stride: width, rows: run.outer, columns: head, Kernels.schedule)
        Kernels.current.copyRows(
          x, stride: width, y + head, stride: width, rows: run.outer, columns: tail, Kernels.schedule)
      }
    }
    return result.recorded("rolled") { wrt(x) { dy in dy.rolled(by: -shift, along: axis) } }
  }
}
