// The matrix product, and panels packed in advance for it. Read next: ApusKernelsBaseline/MatMul/MatMul.swift.

/// Products of matrices.
package protocol MatrixKernels {
  /// C ← act(A·B + bias) ∘ factors or C ← C + A·B, for every matrix of a batch.
  static func matMul(_ arguments: MatMulArguments, _ schedule: Schedule)

  /// Copies W [rows, columns] into the panels in which products with B = Wᵀ read it.
  ///
  /// - Parameters:
  ///   - w: Rows `rowStride` elements apart.
  ///   - panels: `panelCount(rows:columns:)` floats.
  static func packPanels(
    _ w: UnsafePointer<Float>, rowStride: Int, rows: Int, columns: Int, into panels: UnsafeMutablePointer<Float>,
    _ schedule: Schedule)

  /// The number of floats that the panels of W [rows, columns] take, padding included.
  static func panelCount(rows: Int, columns: Int) -> Int
}
