// Reshaping, permuting, broadcasting and diagonals.
// Read first: Strides.swift. Read next: Slices.swift, Repeats.swift.

import ApusBase

extension Tensor {
  /// The same memory with another shape; not recorded.
  func viewed(as shape: Shape) -> Tensor { Tensor(shape: shape, storage: storage, offset: offset) }

  /// The same elements, in row-major order, with another shape; shares memory.
  ///
  /// - Parameter shape: the new shape. (`reshaped(_:)` can infer one of the sizes.)
  /// - Precondition: the element counts are equal.
  public func reshaped(to shape: Shape) -> Tensor {
    require(
      shape.elementCount == elementCount,
      "reshaped: \(self.shape) has \(elementCount) elements, \(shape) has \(shape.elementCount) (they must be equal)")
    let x = self
    return viewed(as: shape).recorded("reshaped") { wrt(x) { [shape = x.shape] dy in dy.reshaped(to: shape) } }
  }

  /// The same elements with the given sizes; one size may be −1 and is inferred. Shares memory.
  ///
  /// - Precondition: the element counts are equal.
  public func reshaped(_ sizes: Int...) -> Tensor {
    let known = sizes.filter { $0 >= 0 }.reduce(1, *)
    require(sizes.filter { $0 < 0 }.count <= 1, "reshaped: sizes \(sizes) (only one may be −1)")
    require(
      sizes.allSatisfy { $0 >= 0 } || (known > 0 && elementCount % known == 0),
      "reshaped: \(elementCount) elements do not fill \(sizes)")
    return reshaped(to: Shape(sizes.map { $0 < 0 ? elementCount / known : $0 }))
  }

  /// This tensor with its axes permuted: axis a of the result is axis `order[a]` of this tensor.
  ///
  /// - Precondition: `order` contains every axis once.
  public func permuted(_ order: [Int]) -> Tensor {
    require(
      order.sorted() == Array(0..<rank), "permuted: order \(order) for shape \(shape) (expected every axis once)")
    let x = self
    let strides = shape.strides
    let result = copied(along: order.map { (shape[$0], strides[$0]) }, as: Shape(order.map { shape[$0] }))
    return result.recorded("permuted") {
      wrt(x) { dy in
        var inverse = order
        for (axis, source) in order.enumerated() { inverse[source] = axis }
        return dy.permuted(inverse)
      }
    }
  }

  /// This tensor with the last two axes exchanged.
  ///
  /// - Precondition: there are at least two axes.
  public func transposed() -> Tensor {
    require(rank >= 2, "transposed: input \(shape) (expected at least two axes)")
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    return permuted(order)
  }

  /// This tensor broadcast to `shape`: axes of size 1 and missing leading axes are repeated.
  ///
  /// - Precondition: this tensor's shape broadcasts to `shape`.
  public func broadcast(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    let plan = BroadcastPlan("broadcast", self.shape, shape)
    require(plan.shape == shape, "broadcast: \(self.shape) does not broadcast to \(shape)")
    let x = self
    // A repeated axis has stride 0.
    let missing = shape.rank - rank
    let strides = [Int](repeating: 0, count: missing) + zip(self.shape, self.shape.strides).map { $0 == 1 ? 0 : $1 }
    let result = copied(along: zip(shape, strides).map { ($0, $1) }, as: shape)
    return result.recorded("broadcast") { wrt(x) { [shape = x.shape] dy in dy.summed(to: shape) } }
  }

  /// This tensor with two axes exchanged.
  public func transposed(_ first: Int, _ second: Int) -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(shape.normalized(axis: first, "transposed"), shape.normalized(axis: second, "transposed"))
    return permuted(order)
  }

  /// This tensor with a new axis of size 1 at the given position; −1 makes it the last one. Shares memory.
  public func unsqueezed(at axis: Int) -> Tensor {
    require(axis >= -rank - 1 && axis <= rank, "unsqueezed: position \(axis) is out of range for shape \(shape)")
    var sizes = Array(shape)
    sizes.insert(1, at: axis < 0 ? axis + rank + 1 : axis)
    return reshaped(to: Shape(sizes))
  }

  /// This tensor without an axis of size 1; shares memory.
  ///
  /// - Precondition: the axis has size 1.
  public func squeezed(at axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "squeezed")
    require(shape[axis] == 1, "squeezed: axis \(axis) of shape \(shape) (its size must be 1)")
    return reshaped(to: shape.reduced(along: [axis], keepingDimensions: false))
  }

  /// This tensor with the axes `first` through `last` merged into one; shares memory.
  public func flattened(from first: Int = 0, through last: Int = -1) -> Tensor {
    if rank == 0 { return reshaped(to: [1]) }
    let (first, last) = (shape.normalized(axis: first, "flattened"), shape.normalized(axis: last, "flattened"))
    require(first <= last, "flattened: axes \(first) through \(last) of shape \(shape) (expected ascending order)")
    return reshaped(to: Shape(shape[..<first] + [AxisRun(shape, first...last).count] + shape[(last + 1)...]))
  }

  /// The diagonal of two axes, as a new last axis: the elements whose indices along both axes are equal.
  ///
  /// - Returns: [other axes.., the smaller of the two sizes]
  public func diagonal(of first: Int = -2, and second: Int = -1) -> Tensor {
    let axes = normalized([first, second], "diagonal")
    let strides = shape.strides
    var walk = (0..<rank).filter { !axes.contains($0) }.map { (size: shape[$0], stride: strides[$0]) }
    walk.append((axes.map { shape[$0] }.min() ?? 0, axes.reduce(0) { $0 + strides[$1] }))
    let x = self
    return copied(along: walk, as: Shape(walk.map(\.size))).recorded("diagonal") {
      wrt(x, adding: { [walk] dy, dx in dx.add(dy, at: 0, along: walk) })
    }
  }
}
