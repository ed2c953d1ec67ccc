// The arguments of the matrix product kernel. Read next: ApusKernelsBaseline/MatMul/MatMul.swift.

/// A matrix in memory, read as it lies or transposed.
package struct MatrixOperand {
  /// Element (0, 0).
  package var elements: UnsafePointer<Float>
  /// Distance between the stored rows, in elements.
  package var rowStride: Int
  /// Whether the stored rows are the columns of the matrix meant.
  package var isTransposed: Bool
  /// Distance between consecutive matrices of a batch, in elements; 0 repeats one matrix.
  package var batchStride: Int
  /// The panels of B, packed in advance from a transposed matrix by `CopyKernels.packPanels`; for one matrix.
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
  /// C ← C + A·B; what follows must be absent.
  package var accumulates = false
  /// Added to every row, [n].
  package var bias: UnsafePointer<Float>?
  /// Applied to every element of the result.
  package var activation: UnaryOperation?
  /// Where the derivative of the activation at every element is kept, laid out as C: a factor of the backward. Here the
  /// exponential that value and derivative share is at hand.
  package var slopes: UnsafeMutablePointer<Float>?
  /// Multiplies every element of the result, laid out as C: the slopes of the activation before it.
  package var factors: UnsafePointer<Float>?
  /// Where the sums of the result's columns are put, [n]: the gradient of a bias. For a batch of one.
  package var columnSums: UnsafeMutablePointer<Float>?

  package init(
    m: Int, n: Int, k: Int, a: MatrixOperand, b: MatrixOperand, c: UnsafeMutablePointer<Float>, cRowStride: Int
  ) {
    (self.m, self.n, self.k) = (m, n, k)
    (self.a, self.b, self.c, self.cRowStride) = (a, b, c, cRowStride)
  }
}
