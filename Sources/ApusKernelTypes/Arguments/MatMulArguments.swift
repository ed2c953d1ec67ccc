// The arguments of the matrix product. Read next: ApusKernelsBaseline/MatMul/MatMul.swift.

/// A matrix in memory, stored as it is or transposed.
package struct MatrixOperand {
  /// Element (0, 0).
  package var elements: UnsafePointer<Float>
  /// The distance between two stored rows, in elements.
  package var rowStride: Int
  /// Whether the transpose is stored: the stored rows are then the columns of the matrix.
  package var isTransposed: Bool
  /// The distance between consecutive matrices of a batch, in elements; 0 repeats one matrix.
  package var batchStride: Int
  /// The panels of B, packed in advance by `packPanels` from a matrix stored transposed; only for a single matrix B.
  package var panels: UnsafePointer<Float>?

  package init(
    _ elements: UnsafePointer<Float>, rowStride: Int, isTransposed: Bool = false, batchStride: Int = 0
  ) {
    self.elements = elements
    self.rowStride = rowStride
    self.isTransposed = isTransposed
    self.batchStride = batchStride
  }
}

/// C ← act(A·B + bias) ∘ factors, or C ← C + A·B, for every matrix of a batch.
package struct MatMulArguments {
  /// Rows of A and C.
  package var m: Int
  /// Columns of B and C.
  package var n: Int
  /// Columns of A, rows of B.
  package var k: Int
  package var batch = 1
  package var a: MatrixOperand
  package var b: MatrixOperand
  package var c: UnsafeMutablePointer<Float>
  package var cRowStride: Int
  package var cBatchStride = 0
  /// Whether to compute C ← C + A·B. The members below must then be absent.
  package var accumulates = false
  /// Added to every row, [n].
  package var bias: UnsafePointer<Float>?
  /// Applied to every element of the result.
  package var activation: UnaryOperation?
  /// The output for the activation's derivative at every element, laid out as C: the `factors` of the backward. Computing it
  /// here costs little, since value and derivative share an exponential.
  package var slopes: UnsafeMutablePointer<Float>?
  /// Multiplied with every element of the result, laid out as C: in a backward, the `slopes` that the forward kept.
  package var factors: UnsafePointer<Float>?
  /// The output for the sums of the result's columns, [n]: in a backward, the gradient of a bias. Only for a batch of one.
  package var columnSums: UnsafeMutablePointer<Float>?

  package init(
    m: Int, n: Int, k: Int, a: MatrixOperand, b: MatrixOperand, c: UnsafeMutablePointer<Float>, cRowStride: Int
  ) {
    (self.m, self.n, self.k) = (m, n, k)
    (self.a, self.b, self.c, self.cRowStride) = (a, b, c, cRowStride)
  }
}
