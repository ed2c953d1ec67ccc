// Integer tensors: token ids, class targets, positions. They are never differentiated, so they have their own type.
// Read next: Ops/Gather.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// An array of 32-bit integers with axes: token ids, class targets, row indices.
public struct IndexTensor: Sendable, Hashable {
  /// The sizes of the axes.
  public private(set) var shape: Shape
  /// The elements, row-major.
  public private(set) var indices: [Int32]

  /// Creates an index tensor from its elements, row-major.
  ///
  /// - Precondition: `indices.count == shape.elementCount`.
  public init(_ indices: [Int32], shape: Shape) {
    require(
      indices.count == shape.elementCount,
      "IndexTensor: \(indices.count) elements for shape \(shape) (expected \(shape.elementCount))")
    self.indices = indices
    self.shape = shape
  }

  /// Creates an index tensor whose elements are written by `initialize`, which must write all of them.
  init(uninitialized shape: Shape, _ initialize: (UnsafeMutablePointer<Int32>) -> Void) {
    let count = shape.elementCount
    indices = [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
      if count > 0, let base = buffer.baseAddress { initialize(base) }
      initialized = count
    }
    self.shape = shape
  }

  /// Replaces the shape and the elements; `initialize` must write all of them.
  ///
  /// The memory is reused if it has no other owner and the number of elements stays the same.
  package mutating func overwrite(as shape: Shape, _ initialize: (UnsafeMutablePointer<Int32>) -> Void) {
    if indices.count != shape.elementCount { indices = Array(repeating: 0, count: shape.elementCount) }
    self.shape = shape
    indices.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { initialize(base) } }
  }

  /// Calls `body` with a pointer to the elements; does nothing if there are none.
  func read(_ body: (UnsafePointer<Int32>) -> Void) {
    indices.withUnsafeBufferPointer { if let base = $0.baseAddress { body(base) } }
  }

  /// Creates a vector, [count].
  public init(_ indices: [Int32]) { self.init(indices, shape: [indices.count]) }

  /// Creates a vector from integers of any type.
  ///
  /// - Precondition: every integer fits in 32 bits.
  public init(_ indices: some Sequence<some BinaryInteger>) { self.init(indices.map { Int32($0) }) }

  /// The integers of a range in ascending order: a vector, [range.count].
  public static func range(_ range: Range<Int>) -> IndexTensor { IndexTensor(range.map { Int32($0) }) }

  /// The number of elements.
  public var count: Int { indices.count }

  /// The same elements with another shape.
  ///
  /// - Precondition: the element counts are equal.
  public func reshaped(to shape: Shape) -> IndexTensor { IndexTensor(indices, shape: shape) }

  /// Stops the program if an index is outside `0..<bound` and is not `exception`.
  func check(below bound: Int, except exception: Int32? = nil, _ operation: StaticString) {
    let bound = Int(Int32(clamping: bound))
    var largest: UInt32 = 0
    read { largest = Kernels.current.largestIndex($0, count: count, Kernels.schedule) }
    if count == 0 || Int(largest) < bound { return }
    for (position, index) in indices.enumerated() where index < 0 || index >= bound {
      require(
        index == exception, "\(operation): index \(index) at position \(position) is outside 0..<\(bound)")
    }
  }
}

extension IndexTensor: CustomStringConvertible, ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int32...) { self.init(elements) }

  public var description: String { "IndexTensor(\(indices.prefix(16))\(count > 16 ? "…" : ""), shape: \(shape))" }
}
