// The tensor: a shape, shared memory, and its place on the tape.
// Read first: Shape.swift, Storage.swift. Read next: Autograd/Tape.swift, Ops/Arithmetic.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// An array of 32-bit floats with any number of axes up to eight: a value, like `Array`.
///
/// Elements lie row-major and contiguous in 64-byte aligned memory. Copies share memory until one of them is changed.
/// Operations give new tensors; inside `valueAndGradients` they are also recorded, so that gradients can be taken.
///
/// ```swift
/// let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
/// let y = (x * 2).sum(along: 1)      // [12.0, 30.0]
/// ```
public struct Tensor: Sendable {
  /// The sizes of the axes.
  public let shape: Shape
  /// Where the first element lies in the storage: a slice of leading rows shares its source's memory.
  let offset: Int
  private(set) var storage: Storage
  /// The entry of the running tape that made this tensor, if one did.
  var node = TapeNode.none

  init(shape: Shape, storage: Storage, offset: Int = 0) {
    self.shape = shape
    self.storage = storage
    self.offset = offset
  }

  /// A tensor whose elements `initialize` writes, all of them.
  ///
  /// - Parameter initialize: gets a pointer to `shape.elementCount` undefined floats, row-major.
  public init(uninitialized shape: Shape, _ initialize: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    let storage = Workspace.storage(count: shape.elementCount)
    try initialize(storage.elements)
    self.init(shape: shape, storage: storage)
  }

  /// A tensor over memory that is never written and belongs to `owner` (a mapped file), without a copy.
  ///
  /// - Precondition: `elements` stays valid and unchanged as long as `owner` lives.
  package init(borrowing elements: UnsafePointer<Float>, shape: Shape, from owner: AnyObject) {
    self.init(shape: shape, storage: Storage(borrowing: elements, count: shape.elementCount, from: owner))
  }

  /// A tensor of which only the shape is there: it takes no memory, whatever its shape, and must be replaced before its
  /// elements are asked for.
  package init(placeholder shape: Shape) { self.init(shape: shape, storage: .placeholder) }

  /// Whether only the shape is there.
  package var isPlaceholder: Bool { storage.isPlaceholder }

  /// The number of elements.
  public var elementCount: Int { shape.elementCount }

  /// The number of axes.
  public var rank: Int { shape.rank }

  /// Calls `body` with a pointer to the elements, row-major; valid only during the call.
  public func withUnsafePointer<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows -> Result {
    require(!storage.isPlaceholder, "Tensor: the elements of a placeholder of shape \(shape) were never set")
    return try withExtendedLifetime(storage) { try body(UnsafePointer(storage.elements + offset)) }
  }

  /// Calls `body` with a pointer through which the elements may be changed; copies first if they are shared.
  ///
  /// What is changed this way is not recorded: the tensor leaves the tape.
  public mutating func withUnsafeMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<Float>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    return try withExtendedLifetime(storage) { try body(storage.elements + offset) }
  }

  private mutating func makeUnique() {
    if !isUnique() { self = copy() }
    node = .none
  }

  /// Whether nobody else holds the elements, so that they may be changed where they are.
  private mutating func isUnique() -> Bool {
    if storage.isBorrowed { return false }
    return isKnownUniquelyReferenced(&storage) || Workspace.isOnlyOtherOwner(of: &storage)
  }

  /// The same elements in memory of their own, off the tape.
  func copy() -> Tensor {
    withUnsafePointer { source in
      Tensor(uninitialized: shape) {
        Kernels.current.copyRows(
          source, stride: elementCount, $0, stride: elementCount, rows: 1, columns: elementCount, Kernels.schedule)
      }
    }
  }

  /// The same tensor, off the tape: no gradient flows through it.
  public var detached: Tensor {
    var result = self
    result.node = .none
    return result
  }

  /// self += scale · other, in place if nobody else holds the elements. Not recorded.
  mutating func accumulate(_ other: Tensor, scale: Float = 1) {
    assert(shape == other.shape)
    if isUnique() {
      read(other) { x in
        Kernels.current.addScaled(x, to: storage.elements + offset, scale: scale, count: elementCount, Kernels.schedule)
      }
      node = .none
    } else {
      var sum = copy()
      sum.accumulate(other, scale: scale)
      self = sum
    }
  }
}

extension Tensor {
  /// The elements, row-major.
  public var scalars: [Float] {
    withUnsafePointer { Array(UnsafeBufferPointer(start: $0, count: elementCount)) }
  }

  /// The only element of a tensor that has one.
  ///
  /// - Precondition: there is exactly one element.
  public var scalar: Float {
    require(elementCount == 1, "scalar: a tensor of shape \(shape) has \(elementCount) elements (expected one)")
    return withUnsafePointer { $0[0] }
  }

  /// The element at an index per axis.
  ///
  /// - Precondition: as many indices as axes, each within its axis.
  public subscript(scalarAt indices: Int...) -> Float {
    require(indices.count == rank, "subscript: \(indices.count) indices into shape \(shape)")
    var position = 0
    for (axis, index) in indices.enumerated() {
      require(index >= 0 && index < shape[axis], "subscript: index \(index) of axis \(axis) of shape \(shape)")
      position = position * shape[axis] + index
    }
    return withUnsafePointer { $0[position] }
  }
}

// Kernels take pointers; these keep the tensors alive while they do.

@inline(__always)
func read<Result>(_ a: Tensor, _ body: (UnsafePointer<Float>) -> Result) -> Result {
  a.withUnsafePointer(body)
}

@inline(__always)
func read<Result>(
  _ a: Tensor, _ b: Tensor, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Result
) -> Result {
  a.withUnsafePointer { a in b.withUnsafePointer { b in body(a, b) } }
}

@inline(__always)
func read<Result>(
  _ a: Tensor, _ b: Tensor, _ c: Tensor,
  _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) -> Result
) -> Result {
  a.withUnsafePointer { a in b.withUnsafePointer { b in c.withUnsafePointer { c in body(a, b, c) } } }
}

@inline(__always)
func readOptional<Result>(_ a: Tensor?, _ body: (UnsafePointer<Float>?) -> Result) -> Result {
  guard let a else { return body(nil) }
  return a.withUnsafePointer { body($0) }
}
