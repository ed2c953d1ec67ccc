// Weights packed in advance for repeated products: inference on many rows at a time.
// Read first: Linear.swift; ApusKernelsBaseline/MatMul/Packing.swift. Read next: ApusNN/Module/Prepacking.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The packed panels of a matrix W [rows, columns] for products with Wᵀ.
final class WeightPanels: Sendable {
  let rows: Int
  let columns: Int
  private let storage: Storage

  init(_ matrix: Tensor) {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let storage = Storage(count: Kernels.current.panelCount(rows: rows, columns: columns))
    read(matrix) { w in
      Kernels.current.packPanels(
        w, rowStride: columns, rows: rows, columns: columns, into: storage.elements, Kernels.schedule)
    }
    (self.rows, self.columns, self.storage) = (rows, columns, storage)
  }

  var elementCount: Int { storage.count }

  /// The panels of a range of rows; nil unless the range begins and ends at panel boundaries.
  func elements(ofRows range: Range<Int>) -> UnsafePointer<Float>? {
    let width = Kernels.current.tile.columns
    guard range.lowerBound % width == 0, range.upperBound % width == 0 || range.upperBound == rows else { return nil }
    return UnsafePointer(storage.elements + range.lowerBound * columns)
  }
}

extension Tensor {
  /// This matrix W with an additional copy of its elements, packed in the order in which products with Wᵀ read them.
  ///
  /// `linear`, `feedForward` and `matmul(_:transposing: .second)` pack the weight at every call that has more than
  /// sixteen rows; a prepacked weight saves them that work. (With fewer rows they read the weight as it is.) Results
  /// and gradients are the same bit for bit.
  ///
  /// The copy belongs to this value and cannot become stale: modifying the tensor in place discards it, and the result
  /// of an operation, such as an optimizer's update, is a new tensor without it.
  ///
  /// - Returns: the same elements, in the same memory, and their packed copy, which takes as much memory again.
  /// - Complexity: one pass over the elements.
  /// - Precondition: this tensor is a matrix, [out, in].
  public func prepacked() -> Tensor {
    require(rank == 2, "prepacked: shape \(shape) (expected a matrix [out, in])")
    guard !isPrepacked else { return self }
    let (elements, panels) = (storage.elements + offset, WeightPanels(self))
    // The new storage retains the old one. An attempt to modify the old one in place finds it shared, and copies it.
    var result = Tensor(
      shape: shape,
      storage: Storage(borrowing: elements, count: elementCount, from: storage, panels: panels))
    result.node = node
    return result
  }

  /// Whether this matrix has a packed copy for products with its transpose.
  public var isPrepacked: Bool { rank == 2 && transposedPanels != nil }

  /// The packed panels of this matrix, which may be a slice of rows of a prepacked matrix; nil if there are none.
  var transposedPanels: UnsafePointer<Float>? {
    guard let panels = storage.panels, rank == 2, shape[1] == panels.columns, panels.columns > 0,
      offset % panels.columns == 0
    else { return nil }
    let first = offset / panels.columns
    return panels.elements(ofRows: first..<first + shape[0])
  }
}
