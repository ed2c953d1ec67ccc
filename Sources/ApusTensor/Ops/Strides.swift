// Strided copies and additions: the basis of permutations, broadcasts, slices, flips and repetitions.
// Read next: Shaping.swift, Slices.swift, Repeats.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The axes of a strided traversal: the size and the stride of each.
struct StridedAxes {
  private(set) var sizes: [Int] = []
  private(set) var strides: [Int] = []

  /// Drops axes of size 1, and merges adjacent axes that can be traversed as one.
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

  /// Whether the elements are contiguous.
  var isContiguous: Bool { strides.isEmpty || strides == [1] }
}

extension Tensor {
  /// A new tensor with the elements at `start + Σ index · stride` of this tensor's memory; not recorded.
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

  /// Adds the elements of `part` to those at `start + Σ index · stride`, which must be distinct; not recorded.
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

/// A shape viewed as [outer, count, inner], where `count` is the size of one axis or of several adjacent ones.
struct AxisRun {
  var (outer, count, inner): (Int, Int, Int)

  init(outer: Int, count: Int, inner: Int) { (self.outer, self.count, self.inner) = (outer, count, inner) }

  init(_ shape: Shape, _ axes: ClosedRange<Int>) {
    outer = shape[..<axes.lowerBound].reduce(1, *)
    count = shape[axes].reduce(1, *)
    inner = shape[(axes.upperBound + 1)...].reduce(1, *)
  }

  init(_ shape: Shape, _ axis: Int) { self.init(shape, axis...axis) }

  /// The number of lines of `count` elements.
  var lines: Int { outer * inner }
}

extension Tensor {
  /// The given axes as nonnegative indices; none may occur twice.
  func normalized(_ axes: [Int], _ operation: StaticString) -> [Int] {
    let result = axes.map { shape.normalized(axis: $0, operation) }
    require(Set(result).count == result.count, "\(operation): axes \(axes) (each may occur only once)")
    return result
  }

  /// This tensor with the given (normalized) axes adjacent, and its view as [outer, count, inner] around them.
  ///
  /// If the axes are adjacent already, nothing is copied.
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
