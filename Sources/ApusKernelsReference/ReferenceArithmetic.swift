// The naive twins of + − × ÷, maximum and minimum with broadcasting, and of scaling and adding.
// Read next: ApusKernelsBaseline/Pointwise/Arithmetic.swift, the kernels.

package import ApusKernelTypes

extension Reference {
  /// An operand [rows, columns] that is broadcast from one row, one column or one number, or stored as a whole.
  package struct Broadcast<T: ReferenceScalar> {
    /// The stored elements.
    package var elements: [T]
    /// The distance between the rows; 0 repeats one row.
    package var rowStride: Int
    /// Whether a row has an element for each column, rather than one number for all.
    package var isRow: Bool

    /// Memberwise.
    package init(_ elements: [T], rowStride: Int, isRow: Bool) {
      (self.elements, self.rowStride, self.isRow) = (elements, rowStride, isRow)
    }

    fileprivate func element(_ row: Int, _ column: Int) -> T { elements[row * rowStride + (isRow ? column : 0)] }
  }

  /// c[r, j] = f(a[r, j], b[r, j]), [rows, columns].
  @specialized(where T == Double)
  package static func binary<T: ReferenceScalar>(
    _ operation: BinaryOperation, _ a: Broadcast<T>, _ b: Broadcast<T>, rows: Int, columns: Int
  ) -> [T] {
    var c = [T](repeating: 0, count: rows * columns)
    for r in 0..<rows {
      for j in 0..<columns { c[r * columns + j] = value(operation, a.element(r, j), b.element(r, j)) }
    }
    return c
  }

  /// f(a, b). Maximum and minimum are NaN where a is NaN, and a where only b is.
  private static func value<T: ReferenceScalar>(_ operation: BinaryOperation, _ a: T, _ b: T) -> T {
    switch operation {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .maximum: return b > a ? b : a
    case .minimum: return b < a ? b : a
    case .power: return T.pow(a, b)
    case .equal: return a == b ? 1 : 0
    case .notEqual: return a != b ? 1 : 0
    case .less: return a < b ? 1 : 0
    case .lessEqual: return a <= b ? 1 : 0
    }
  }

  /// y = scale · x + offset
  @specialized(where T == Double)
  package static func affine<T: ReferenceScalar>(_ x: [T], scale: T, offset: T) -> [T] {
    var y = x
    for i in x.indices { y[i] = scale * x[i] + offset }
    return y
  }

  /// y + scale · x
  @specialized(where T == Double)
  package static func addScaled<T: ReferenceScalar>(_ x: [T], scale: T, to y: [T]) -> [T] {
    var result = y
    for i in x.indices { result[i] += scale * x[i] }
    return result
  }
}
