// Creation of tensors from numbers. Read next: Tensor+Random.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// Creates a tensor from its elements, row-major.
  ///
  /// - Precondition: `scalars.count == shape.elementCount`.
  public init(_ scalars: [Float], shape: Shape) {
    require(
      scalars.count == shape.elementCount,
      "Tensor: \(scalars.count) elements for shape \(shape) (expected \(shape.elementCount))")
    self.init(uninitialized: shape) { target in
      scalars.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { target.update(from: base, count: scalars.count) }
      }
    }
  }

  /// Creates a vector, [count].
  public init(_ scalars: [Float]) { self.init(scalars, shape: [scalars.count]) }

  /// Creates a scalar, [].
  public init(_ scalar: Float) { self.init(uninitialized: []) { $0[0] = scalar } }

  /// Creates a tensor whose elements all equal `value`.
  public init(repeating value: Float, shape: Shape) {
    self.init(uninitialized: shape) {
      Kernels.current.fill($0, with: value, count: shape.elementCount, Kernels.schedule)
    }
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }

  /// A tensor of ones.
  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// The vector start, start + step, start + 2·step, … of shape [count].
  public static func range(from start: Float = 0, step: Float = 1, count: Int) -> Tensor {
    Tensor(uninitialized: [count]) { target in
      for i in 0..<count { target[i] = start + Float(i) * step }
    }
  }
}
