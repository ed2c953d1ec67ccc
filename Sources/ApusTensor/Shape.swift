// The sizes of a tensor's axes, and the rules of broadcasting.
// Read next: Tensor.swift.

import ApusBase

/// The sizes of a tensor's axes, outermost first: `[2, 3]` is two rows of three columns, `[]` a scalar.
///
/// There are at most eight axes. Their sizes are stored inline, so a shape needs no heap allocation.
public struct Shape: Sendable, Hashable {
  /// The maximum number of axes.
  public static let maximumRank = 8

  private var low = SIMD4<Int32>(repeating: 1)
  private var high = SIMD4<Int32>(repeating: 1)
  /// The number of axes.
  public private(set) var rank = 0

  /// Creates the shape of a scalar, `[]`.
  public init() {}

  /// Creates a shape from the sizes of its axes.
  ///
  /// - Precondition: at most eight sizes, each from 0 to 2³¹ − 1.
  @inlinable
  public init(_ sizes: some Sequence<Int>) {
    self.init()
    append(contentsOf: sizes)
  }

  /// Appends an axis after the others.
  public mutating func append(_ size: Int) {
    require(rank < Shape.maximumRank, "Shape: more than \(Shape.maximumRank) axes")
    require(size >= 0 && size <= Int(Int32.max), "Shape: axis of size \(size) (expected 0 to 2³¹ − 1)")
    rank += 1
    set(size, at: rank - 1)
  }

  /// Appends axes after the others.
  @inlinable
  public mutating func append(contentsOf sizes: some Sequence<Int>) {
    for size in sizes { append(size) }
  }

  private mutating func set(_ size: Int, at axis: Int) {
    if axis < 4 { low[axis] = Int32(size) } else { high[axis - 4] = Int32(size) }
  }

  /// The number of elements: the product of the sizes, 1 for a scalar.
  public var elementCount: Int {
    var product = 1
    for axis in 0..<rank { product *= self[axis] }
    return product
  }

  /// The strides of a contiguous, row-major tensor of this shape, in elements.
  public var strides: [Int] {
    var result = Array(repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { result[axis] = result[axis + 1] * self[axis + 1] }
    return result
  }

  /// The nonnegative index of `axis`; negative axes count from the end (−1 is the last axis).
  ///
  /// - Precondition: −rank ≤ axis < rank.
  public func normalized(axis: Int, _ operation: StaticString = "Shape") -> Int {
    require(
      axis >= -rank && axis < rank, "\(operation): axis \(axis) is out of range for shape \(self) (rank \(rank))")
    return axis < 0 ? axis + rank : axis
  }

  /// Whether the trailing axes have the sizes of `other`.
  func ends(with other: Shape) -> Bool {
    let start = rank - other.rank
    return start >= 0 && (0..<other.rank).allSatisfy { self[start + $0] == other[$0] }
  }

  /// This shape without the given (normalized) axes, or with their sizes set to 1.
  package func reduced(along axes: [Int], keepingDimensions: Bool) -> Shape {
    var result = Shape([])
    for axis in 0..<rank {
      if !axes.contains(axis) { result.append(self[axis]) } else if keepingDimensions { result.append(1) }
    }
    return result
  }

  /// The shape that both shapes broadcast to; nil if there is none.
  ///
  /// Shapes are aligned at the last axis. Two sizes must be equal, or one of them 1; missing axes count as 1.
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    if a == b { return a }
    let rank = Swift.max(a.rank, b.rank)
    var result = Shape([])
    for axis in 0..<rank {
      let (i, j) = (axis - (rank - a.rank), axis - (rank - b.rank))
      let (x, y) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
      guard x == y || x == 1 || y == 1 else { return nil }
      result.append(x == 1 ? y : x)
    }
    return result
  }
}

extension Shape: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { rank }

  /// The size of an axis, 0 ≤ axis < rank.
  public subscript(axis: Int) -> Int {
    get {
      require(axis >= 0 && axis < rank, "Shape: axis \(axis) is out of range (rank \(rank))")
      return Int(axis < 4 ? low[axis] : high[axis - 4])
    }
    set {
      require(axis >= 0 && axis < rank, "Shape: axis \(axis) is out of range (rank \(rank))")
      require(newValue >= 0 && newValue <= Int(Int32.max), "Shape: axis of size \(newValue) (expected 0 to 2³¹ − 1)")
      set(newValue, at: axis)
    }
  }
}

extension Shape: ExpressibleByArrayLiteral, CustomStringConvertible {
  // When this is inlined, no array is allocated for the literal.
  @inlinable
  @inline(__always)
  public init(arrayLiteral sizes: Int...) {
    self.init()
    for size in sizes { append(size) }
  }

  public var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}
