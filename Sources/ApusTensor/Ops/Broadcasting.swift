// Broadcasting of two operands, and its adjoint for gradients. Read next: Arithmetic.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The broadcast of two operands to `shape`, as a loop over blocks of rows that the kernel accepts.
struct BroadcastPlan {
  let shape: Shape

  init(_ operation: StaticString, _ a: Shape, _ b: Shape) {
    guard let shape = Shape.broadcast(a, b) else {
      requirementFailure("\(operation): shapes \(a) and \(b) do not broadcast (sizes must be equal, or one of them 1)")
    }
    self.shape = shape
  }

  /// Creates a plan for a shape that is already known to be the broadcast shape.
  init(shape: Shape) { self.shape = shape }

  /// c ← f(a, b).
  ///
  /// Adjacent axes that both operands traverse in the same way are merged. The last axis becomes the kernel's columns
  /// and the one before it the kernel's rows; the function loops over the others.
  func run(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into c: UnsafeMutablePointer<Float>) {
    let count = shape.elementCount
    guard count > 0 else { return }
    read(a, b) { x, y in
      // Both operands have as many elements as the result: nothing is repeated, and the layouts are the same.
      if a.elementCount == count && b.elementCount == count {
        let rows = BroadcastRows(x, rowStride: 0, isRow: true)
        Kernels.current.binary(
          operation, rows, BroadcastRows(y, rowStride: 0, isRow: true), c, rows: 1, columns: count, Kernels.schedule)
        return
      }
      let axes = mergedAxes(a.shape, b.shape)
      let columns = axes[axes.count - 1]
      let rows = axes.count > 1 ? axes[axes.count - 2] : Axis(size: 1, a: 0, b: 0)
      let block = rows.size * columns.size
      for index in 0..<count / block {
        var (rest, aOffset, bOffset) = (index, 0, 0)
        for place in (0..<max(0, axes.count - 2)).reversed() {
          let axis = axes[place]
          aOffset += rest % axis.size * axis.a
          bOffset += rest % axis.size * axis.b
          rest /= axis.size
        }
        Kernels.current.binary(
          operation, BroadcastRows(x + aOffset, rowStride: rows.a, isRow: columns.a != 0),
          BroadcastRows(y + bOffset, rowStride: rows.b, isRow: columns.b != 0), c + index * block, rows: rows.size,
          columns: columns.size, Kernels.schedule)
      }
    }
  }

  private struct Axis {
    var size: Int
    var a: Int
    var b: Int
  }

  /// Up to eight axes, stored inline like a shape's.
  private struct Axes {
    private var sizes = SIMD8<Int>()
    private var a = SIMD8<Int>()
    private var b = SIMD8<Int>()
    private(set) var count = 0

    subscript(place: Int) -> Axis {
      get { Axis(size: sizes[place], a: a[place], b: b[place]) }
      set { (sizes[place], a[place], b[place]) = (newValue.size, newValue.a, newValue.b) }
    }

    mutating func append(_ axis: Axis) {
      count += 1
      self[count - 1] = axis
    }
  }

  private func mergedAxes(_ a: Shape, _ b: Shape) -> Axes {
    var merged = Axes()
    let (aSteps, bSteps) = (steps(of: a), steps(of: b))
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let next = Axis(size: shape[axis], a: aSteps[axis], b: bSteps[axis])
      let last = merged.count > 0 ? merged[merged.count - 1] : nil
      if let last, last.a == next.a * next.size, last.b == next.b * next.size {
        merged[merged.count - 1] = Axis(size: last.size * next.size, a: next.a, b: next.b)
      } else {
        merged.append(next)
      }
    }
    if merged.count == 0 { merged.append(Axis(size: 1, a: 1, b: 1)) }
    return merged
  }

  /// The operand's stride along every axis of the result; 0 where the operand is repeated.
  private func steps(of operand: Shape) -> SIMD8<Int> {
    var (result, step) = (SIMD8<Int>(), 1)
    for axis in (0..<operand.rank).reversed() {
      if operand[axis] != 1 { result[shape.rank - operand.rank + axis] = step }
      step *= operand[axis]
    }
    return result
  }
}

extension Tensor {
  /// The adjoint of broadcasting from `shape` to this tensor's shape: the sum over the repeated axes.
  func summed(to shape: Shape) -> Tensor {
    if self.shape == shape { return self }
    let missing = rank - shape.rank
    let axes = (0..<rank).filter { $0 < missing || shape[$0 - missing] != self.shape[$0] }
    return sum(along: axes, keepingDimensions: true).reshaped(to: shape)
  }
}
