// Some columns of a matrix as an operand of a product, read where they lie.
// Read first: MatMul.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// Columns of a matrix [.., rows, columns] that a product reads without a copy.
///
/// A projection that holds queries, keys and values side by side has their products this way; rows need no view, since
/// slices of rows share memory.
///
/// ```swift
/// let scores = projection.columns(0..<w).matmul(projection.columns(w..<2 * w), transposing: .second)
/// ```
public struct MatrixView: Sendable {
  /// [.., rows, columns], all of them.
  public let tensor: Tensor
  /// Those that count.
  public let columns: Range<Int>
  /// [.., rows, `columns`]
  let shape: Shape

  /// All columns.
  init(_ tensor: Tensor) {
    (self.tensor, shape) = (tensor, tensor.shape)
    columns = 0..<(tensor.shape.last ?? 0)
  }

  init(_ tensor: Tensor, columns: Range<Int>) {
    (self.tensor, self.columns) = (tensor, columns)
    shape = Shape(tensor.shape.dropLast() + [columns.count])
  }

  /// The distance between rows in memory.
  var rowStride: Int { tensor.shape[tensor.rank - 1] }

  var isWhole: Bool { columns.count == rowStride }

  /// The same with all leading axes as rows.
  var flattened: MatrixView {
    let rows = tensor.shape.dropLast().reduce(1, *)
    return MatrixView(tensor.reshaped(to: [rows, rowStride]), columns: columns)
  }

  /// The product A·B of some columns and a tensor.
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes broadcast.
  ///   - side: an operand to be read transposed.
  /// - Returns: [.., M, N]
  /// - Precondition: the inner sizes agree.
  public func matmul(_ other: Tensor, transposing side: Side? = nil) -> Tensor {
    matmul(MatrixView(other), transposing: side)
  }
}

extension Tensor {
  /// Some columns of this matrix (or of a stack of matrices), for products.
  ///
  /// - Precondition: at least two axes; the columns lie within the last one.
  public func columns(_ range: Range<Int>) -> MatrixView {
    require(
      rank >= 2 && range.lowerBound >= 0 && range.upperBound <= shape[rank - 1],
      "columns: \(range) of shape \(shape) (expected two axes at least, and columns of the last)")
    return MatrixView(self, columns: range)
  }

  /// The product A·B of this tensor and some columns of another: see `matmul(_:transposing:)`.
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes broadcast.
  ///   - side: an operand to be read transposed.
  /// - Returns: [.., M, N]
  /// - Precondition: the inner sizes agree.
  public func matmul(_ other: MatrixView, transposing side: Side? = nil) -> Tensor {
    MatrixView(self).matmul(other, transposing: side)
  }
}

/// The gradient with respect to a view: of the whole tensor, or added to some of its columns.
func wrt(_ view: MatrixView, _ gradient: @escaping (Tensor) -> Tensor) -> Pullback {
  if view.isWhole { return wrt(view.tensor, gradient) }
  let (rows, start) = (view.tensor.shape.dropLast().reduce(1, *), view.columns.lowerBound)
  let walk = [(size: rows, stride: view.rowStride), (view.columns.count, 1)]
  return wrt(view.tensor, adding: { dy, total in total.add(gradient(dy), at: start, along: walk) })
}
