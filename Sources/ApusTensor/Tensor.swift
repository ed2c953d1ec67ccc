// The tensor: a shape, shared storage, and a node of the tape.
// Read first: Shape.swift, Storage.swift. Read next: Autograd/Tape.swift, Ops/Arithmetic.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// A multidimensional array of 32-bit floats with up to eight axes; a value type, like `Array`.
///
/// Elements are contiguous and row-major in 64-byte aligned memory. Copies share memory until one of them is modified.
/// Operations return new tensors. Inside `valueAndGradients` they are also recorded, so that gradients can be computed.
///
/// ```swift
/// let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
/// let y = (x * 2).sum(along: 1)      // [12.0, 30.0]
/// ```
public struct Tensor: Sendable {
  /// The sizes of the axes.
  public let shape: Shape
  /// The position of the first element in the storage: a slice of leading rows shares its source's memory.
  let offset: Int
  private(set) var storage: Storage
  /// The node of the active tape that produced this tensor; `.none` if it was not recorded.
  var node = TapeNode.none

  init(shape: Shape, storage: Storage, offset: Int = 0) {
    self.shape = shape
    self.storage = storage
    self.offset = offset
  }

  /// Creates a tensor whose elements are written by `initialize`.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the axes.
  ///   - initialize: writes all `shape.elementCount` elements, row-major, to the uninitialized memory that it receives.
  public init(uninitialized shape: Shape, _ initialize: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    let storage = Workspace.storage(count: shape.elementCount)
    try initialize(storage.elements)
    self.init(shape: shape, storage: storage)
  }

  /// Creates a tensor that reads memory of `owner`, such as a mapped file, without a copy; the memory is never written.
  ///
  /// - Precondition: `elements` stays valid and unchanged as long as `owner` lives.
  package init(borrowing elements: UnsafePointer<Float>, shape: Shape, from owner: AnyObject) {
    self.init(shape: shape, storage: Storage(borrowing: elements, count: shape.elementCount, from: owner))
  }

  /// Creates a placeholder: a tensor without elements, which takes no memory and must be replaced before it is read.
  package init(placeholder shape: Shape) { self.init(shape: shape, storage: .placeholder) }

  /// Whether this is a placeholder, which has a shape but no elements.
  package var isPlaceholder: Bool { storage.isPlaceholder }

  /// The number of elements.
  public var elementCount: Int { shape.elementCount }

  /// The number of axes.
  public var rank: Int { shape.rank }

  /// Calls `body` with a pointer to the elements, row-major. The pointer is valid only during the call.
  public func withUnsafePointer<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows -> Result {
    require(!storage.isPlaceholder, "Tensor: the elements of a placeholder of shape \(shape) were never set")
    return try withExtendedLifetime(storage) { try body(UnsafePointer(storage.elements + offset)) }
  }

  /// Calls `body` with a mutable pointer to the elements, which are copied first if they are shared.
  ///
  /// Changes made through the pointer are not recorded: the tensor is detached from the tape.
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

  /// Whether the elements have no other owner, so that they can be modified in place.
  private mutating func isUnique() -> Bool {
    if storage.isBorrowed { return false }
    return isKnownUniquelyReferenced(&storage) || Workspace.isOnlyOtherOwner(of: &storage)
  }

  /// A copy with its own memory, detached from the tape.
  func copy() -> Tensor {
    withUnsafePointer { source in
      Tensor(uninitialized: shape) {
        Kernels.current.copyRows(
          source, stride: elementCount, $0, stride: elementCount, rows: 1, columns: elementCount, Kernels.schedule)
      }
    }
  }

  /// This tensor detached from the tape: no gradient flows through it.
  public var detached: Tensor {
    var result = self
    result.node = .none
    return result
  }

  /// self += scale · other, in place if the elements have no other owner; not recorded.
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

  /// The element of a tensor that has exactly one.
  ///
  /// - Precondition: `elementCount == 1`.
  public var scalar: Float {
    require(elementCount == 1, "scalar: a tensor of shape \(shape) has \(elementCount) elements (expected one)")
    return withUnsafePointer { $0[0] }
  }

  /// The element at the given indices, one for each axis.
  ///
  /// - Precondition: there are `rank` indices, each within its axis.
  public subscript(scalarAt indices: Int...) -> Float {
    require(indices.count == rank, "subscript: \(indices.count) indices for shape \(shape) (expected \(rank))")
    var position = 0
    for (axis, index) in indices.enumerated() {
      require(
        index >= 0 && index < shape[axis],
        "subscript: index \(index) is out of range for axis \(axis) of shape \(shape)")
      position = position * shape[axis] + index
    }
    return withUnsafePointer { $0[position] }
  }
}

// Kernels take pointers. These functions keep the tensors alive while `body` runs.

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
