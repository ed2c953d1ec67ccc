// Parts of tensors, tensors put together, and tensors in a frame. Read first: Strides.swift.
// Read next: Repeats.swift.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The elements whose index along `axis` is in `range`, or every `step`-th of them, from the first.
  ///
  /// Rows of the first axis (or of one behind axes of size 1) share this tensor's memory.
  ///
  /// - Complexity: gradients of several slices of one tensor are added up in one pass over each.
  /// - Precondition: the range lies within the axis; the step is positive.
  public func slice(_ range: Range<Int>, along axis: Int = 0, step: Int = 1) -> Tensor {
    let axis = shape.normalized(axis: axis, "slice")
    require(
      range.lowerBound >= 0 && range.upperBound <= shape[axis], "slice: \(range) of axis \(axis) of shape \(shape)")
    require(step > 0, "slice: step \(step) (expected a positive one)")
    let x = self
    let run = AxisRun(shape, axis)
    var newShape = shape
    newShape[axis] = (range.count + step - 1) / step
    let start = range.lowerBound * run.inner
    let (count, shape) = (newShape[axis], newShape)
    func walk() -> [(size: Int, stride: Int)] {
      [(run.outer, run.count * run.inner), (count, step * run.inner), (run.inner, 1)]
    }
    let result =
      run.outer == 1 && (step == 1 || count <= 1)
      ? Tensor(shape: shape, storage: storage, offset: offset + start)
      : copied(from: start, along: walk(), as: shape)
    return result.recorded("slice") {
      wrt(x, adding: { dy, dx in dx.add(dy, at: start, along: walk()) })
    }
  }

  /// The part at one index of an axis, without that axis.
  ///
  /// - Precondition: the index lies within the axis.
  public func selected(_ index: Int, along axis: Int = 0) -> Tensor {
    slice(index..<index + 1, along: axis).squeezed(at: axis)
  }

  /// Parts of the given sizes along an axis.
  ///
  /// - Precondition: the sizes add up to the axis.
  public func split(sizes: [Int], along axis: Int) -> [Tensor] {
    let axis = shape.normalized(axis: axis, "split")
    require(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape[axis],
      "split: axis \(axis) of shape \(shape) into sizes \(sizes) (they must add up to it)")
    var start = 0
    return sizes.map { size in
      start += size
      return slice(start - size..<start, along: axis)
    }
  }

  /// Equal parts along an axis.
  ///
  /// - Precondition: the axis is a multiple of `count`.
  public func split(into count: Int, along axis: Int) -> [Tensor] {
    let axis = shape.normalized(axis: axis, "split")
    require(
      count > 0 && shape[axis] % count == 0, "split: axis \(axis) of shape \(shape) into \(count) equal parts")
    return split(sizes: Array(repeating: shape[axis] / count, count: count), along: axis)
  }

  /// All parts along an axis, without it: the opposite of `stacked`.
  public func unstacked(along axis: Int = 0) -> [Tensor] {
    (0..<shape[shape.normalized(axis: axis, "unstacked")]).map { selected($0, along: axis) }
  }

  /// More elements before and behind along every axis, all of one value.
  ///
  /// - Parameter amounts: how many, for every axis from the first on.
  /// - Precondition: an amount for every axis, none negative.
  public func padded(_ amounts: [(before: Int, after: Int)], with value: Float = 0) -> Tensor {
    require(
      amounts.count == rank && amounts.allSatisfy { $0.before >= 0 && $0.after >= 0 },
      "padded: amounts \(amounts) for shape \(shape) (expected one for every axis, none negative)")
    let x = self
    let padded = Shape(zip(shape, amounts).map { $1.before + $0 + $1.after })
    let before = amounts.map(\.before)
    let result = Tensor(uninitialized: padded) { y in
      read(self) { x in
        Kernels.table.copies.pad(x, y, Array(shape), before, Array(padded), value, Kernels.schedule)
      }
    }
    return result.recorded("padded") {
      wrt(x) { [shape = x.shape] dy in
        let strides = padded.strides
        let start = zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 }
        return dy.copied(from: start, along: zip(shape, strides).map { ($0, $1) }, as: shape)
      }
    }
  }

  /// More elements before and behind along one axis, all of one value.
  ///
  /// - Precondition: neither number is negative.
  public func padded(before: Int = 0, after: Int = 0, along axis: Int, with value: Float = 0) -> Tensor {
    var amounts = Array(repeating: (before: 0, after: 0), count: rank)
    amounts[shape.normalized(axis: axis, "padded")] = (before, after)
    return padded(amounts, with: value)
  }
}

/// Tensors one after another along an axis.
///
/// - Precondition: at least one tensor; all other sizes are equal.
public func concatenated(_ parts: [Tensor], along axis: Int) -> Tensor {
  require(!parts.isEmpty, "concatenated: no tensors")
  let first = parts[0].shape
  let axis = first.normalized(axis: axis, "concatenated")
  var shape = first
  shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
  for part in parts {
    var expected = first
    require(part.rank == first.rank, "concatenated: shapes \(first) and \(part.shape)")
    expected[axis] = part.shape[axis]
    require(part.shape == expected, "concatenated: shapes \(first) and \(part.shape) along axis \(axis)")
  }
  let run = AxisRun(shape, axis)
  let width = run.count * run.inner
  var starts: [Int] = []
  let result = Tensor(uninitialized: shape) { y in
    var start = 0
    for part in parts {
      let columns = part.shape[axis] * run.inner
      read(part) { x in
        Kernels.table.copyRows(x, columns, y + start, width, run.outer, columns, Kernels.schedule)
      }
      starts.append(start / Swift.max(1, run.inner))
      start += columns
    }
  }
  let sizes = parts.map { $0.shape[axis] }
  return result.recorded("concatenated") {
    wrt(parts) { dy, isTracked in
      starts.indices.map { isTracked[$0] ? dy.slice(starts[$0]..<starts[$0] + sizes[$0], along: axis) : nil }
    }
  }
}

/// Tensors of one shape beside each other along a new axis.
///
/// - Parameter axis: the new axis' place; −1 is behind all others.
/// - Precondition: at least one tensor; all shapes are equal.
public func stacked(_ parts: [Tensor], along axis: Int = 0) -> Tensor {
  require(!parts.isEmpty, "stacked: no tensors")
  for part in parts {
    require(part.shape == parts[0].shape, "stacked: shapes \(parts[0].shape) and \(part.shape) (they must be equal)")
  }
  return concatenated(parts.map { $0.unsqueezed(at: axis) }, along: axis)
}
