// A range of a matrix's columns as an operand of a product, read in place.
// Read first: MatMul.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// A range of columns of a matrix [.., rows, columns], which a product reads without a copy.
///
/// The products of queries, keys and values that are parts of one projection are computed this way. Rows need no view,
/// because slices of rows share memory.
///
/// ```swift
/// let scores = projection.columns(0..<w).matmul(projection.columns(w..<2 * w), transposing: .second)
/// ```
public struct MatrixView: Sendable {
  /// The whole matrix, [.., rows, columns].
  public let tensor: Tensor
  /// The range of columns.
  public let columns: Range<Int>
  /// The shape of the view, [.., rows, columns.count].
  let shape: Shape

  /// Creates a view of all columns.
  init(_ tensor: Tensor) {
    (self.tensor, shape) = (tensor, tensor.shape)
    columns = 0..<(tensor.shape.last ?? 0)
  }

  init(_ tensor: Tensor, columns: Range<Int>) {
    (self.tensor, self.columns) = (tensor, columns)
    shape = Shape(tensor.shape.dropLast() + [columns.count])
  }

  /// The stride between rows.
  var rowStride: Int { tensor.shape[tensor.rank - 1] }

  var isWhole: Bool { columns.count == rowStride }

  /// This view with all leading axes merged into its rows.
  var flattened: MatrixView {
    let rows = tensor.shape.dropLast().reduce(1, *)
    return MatrixView(tensor.reshaped(to: [rows, rowStride]), columns: columns)
  }

  /// The matrix product A·B of this view and a tensor: see `Tensor.matmul`.
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes broadcast.
  ///   - side: the operand that is read transposed, if any.
  /// - Returns: [.., M, N]
  /// - Precondition: the inner dimensions are equal.
  public func matmul(_ other: Tensor, transposing side: Side? = nil) -> Tensor {
    matmul(MatrixView(other), transposing: side)
  }
}

extension Tensor {
  /// A view of some columns of this matrix, or of a batch of matrices, as an operand of products.
  ///
  /// - Precondition: there are at least two axes; the columns lie within the last one.
  public func columns(_ range: Range<Int>) -> MatrixView {
    require(
      rank >= 2 && range.lowerBound >= 0 && range.upperBound <= shape[rank - 1],
      "columns: range \(range) of shape \(shape) (expected at least two axes, and a range within the last)")
    return MatrixView(self, columns: range)
  }

  /// The matrix product A·B of this tensor and columns of another one: see `Tensor.matmul`.
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes broadcast.
  ///   - side: the operand that is read transposed, if any.
  /// - Returns: [.., M, N]
  /// - Precondition: the inner dimensions are equal.
  public func matmul(_ other: MatrixView, transposing side: Side? = nil) -> Tensor {
    MatrixView(self).matmul(other, transposing: side)
  }
}

/// The pullback with respect to a view: the gradient of the whole tensor, or one that is added to some of its columns.
func wrt(_ view: MatrixView, _ gradient: @escaping (Tensor) -> Tensor) -> Pullback {
  if view.isWhole { return wrt(view.tensor, gradient) }
  let (rows, start) = (view.tensor.shape.dropLast().reduce(1, *), view.columns.lowerBound)
  let walk = [(size: rows, stride: view.rowStride), (view.columns.count, 1)]
  return wrt(view.tensor, adding: { dy, total in total.add(gradient(dy), at: start, along: walk) })
}
