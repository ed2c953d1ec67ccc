// Elements read or added at strides: what permutations, broadcasts, slices, flips and repetitions have in common.
// Read next: Shaping.swift, Slices.swift, Repeats.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The axes of a walk through a tensor's elements: how many steps along each, and how far apart in memory they are.
struct StridedAxes {
  private(set) var sizes: [Int] = []
  private(set) var strides: [Int] = []

  /// Axes of size 1 are left out, and neighbours that are walked through like one axis become one.
  init(_ axes: some Sequence<(size: Int, stride: Int)>) {
    for (size, stride) in axes where size != 1 {
      if let last = strides.last, last == stride * size {
        sizes[sizes.count - 1] *= size
        strides[strides.count - 1] = stride
      } else {
        sizes.append(size)
        strides.append(stride)
      }
    }
  }

  /// Whether the elements lie one behind the other.
  var isContiguous: Bool { strides.isEmpty || strides == [1] }
}

extension Tensor {
  /// The elements `start + i · strides` of this tensor's memory, as a new tensor; not recorded.
  func copied(from start: Int = 0, along axes: some Sequence<(size: Int, stride: Int)>, as shape: Shape) -> Tensor {
    Tensor(uninitialized: shape) { y in
      guard shape.elementCount > 0 else { return }
      let axes = StridedAxes(axes)
      read(self) { x in
        if axes.isContiguous {
          let count = shape.elementCount
          Kernels.current.copyRows(
            x + start, stride: count, y, stride: count, rows: 1, columns: count, Kernels.schedule)
        } else {
          Kernels.current.permute(x + start, y, sizes: axes.sizes, strides: axes.strides, Kernels.schedule)
        }
      }
    }
  }

  /// Adds the elements of `part` to those at `start + i · strides`; no two may meet. Not recorded.
  mutating func add(_ part: Tensor, at start: Int, along axes: some Sequence<(size: Int, stride: Int)>) {
    guard part.elementCount > 0 else { return }
    let axes = StridedAxes(axes)
    withUnsafeMutablePointer { y in
      read(part) { x in
        Kernels.current.addStrided(x, to: y + start, sizes: axes.sizes, strides: axes.strides, Kernels.schedule)
      }
    }
  }
}

/// A shape seen as [outer, count, inner] around an axis, or around a run of neighbouring ones.
struct AxisRun {
  var (outer, count, inner): (Int, Int, Int)

  init(outer: Int, count: Int, inner: Int) { (self.outer, self.count, self.inner) = (outer, count, inner) }

  init(_ shape: Shape, _ axes: ClosedRange<Int>) {
    outer = shape[..<axes.lowerBound].reduce(1, *)
    count = shape[axes].reduce(1, *)
    inner = shape[(axes.upperBound + 1)...].reduce(1, *)
  }

  init(_ shape: Shape, _ axis: Int) { self.init(shape, axis...axis) }

  /// How many lines of `count` elements there are.
  var lines: Int { outer * inner }
}

extension Tensor {
  /// The given axes, normalized.
  func normalized(_ axes: [Int], _ operation: StaticString) -> [Int] {
    let result = axes.map { shape.normalized(axis: $0, operation) }
    require(Set(result).count == result.count, "\(operation): an axis twice in \(axes)")
    return result
  }

  /// This tensor with some (normalized) axes next to each other, copied if they are not; and seen as one run of them.
  func together(_ axes: [Int]) -> (tensor: Tensor, run: AxisRun) {
    guard let first = axes.min(), let last = axes.max() else {
      return (self, AxisRun(outer: elementCount, count: 1, inner: 1))
    }
    if last - first == axes.count - 1 { return (self, AxisRun(shape, first...last)) }
    let kept = (0..<rank).filter { !axes.contains($0) }
    let tensor = permuted(kept + axes.sorted())
    return (tensor, AxisRun(tensor.shape, kept.count...rank - 1))
  }
}
