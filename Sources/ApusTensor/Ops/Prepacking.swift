// Weights packed in advance for products that come again and again: inference on many rows at a time.
// Read first: Linear.swift; ApusKernelsBaseline/MatMul/Packing.swift. Read next: ApusNN/Module/Prepacking.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The panels of a matrix W [rows, columns] for products with Wᵀ.
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

  /// The panels of some rows, if these begin and end where panels do.
  func elements(ofRows range: Range<Int>) -> UnsafePointer<Float>? {
    let width = Kernels.current.tile.columns
    guard range.lowerBound % width == 0, range.upperBound % width == 0 || range.upperBound == rows else { return nil }
    return UnsafePointer(storage.elements + range.lowerBound * columns)
  }
}

extension Tensor {
  /// This matrix W, with a second copy of its elements in the order in which products with Wᵀ read them.
  ///
  /// `linear`, `feedForward` and `matmul(_:transposing: .second)` copy the weight into that order at every call, if they have
  /// more than sixteen rows; with this tensor as the weight they need not. (Few rows read the weight as it is.) The results
  /// have the same bits, and gradients are the same.
  ///
  /// The copy belongs to this value and cannot become stale: elements never change behind a tensor's back, and what is
  /// computed from the tensor, an optimizer's update of it for instance, is another tensor, without the copy.
  ///
  /// - Returns: The same elements (in the same memory) and their packed copy, as large again.
  /// - Complexity: a pass over the elements.
  /// - Precondition: a matrix [out, in].
  public func prepacked() -> Tensor {
    require(rank == 2, "prepacked: shape \(shape) (expected a matrix [out, in])")
    guard !isPrepacked else { return self }
    let (elements, panels) = (storage.elements + offset, WeightPanels(self))
    // The new storage holds the old one, so that whoever wants to change that one in place finds it shared, and copies.
    var result = Tensor(
      shape: shape,
      storage: Storage(borrowing: elements, count: elementCount, from: storage, panels: panels))
    result.node = node
    return result
  }

  /// Whether products with this matrix transposed find it packed.
  public var isPrepacked: Bool { rank == 2 && transposedPanels != nil }

  /// The packed copy of this matrix, or of a slice of the rows of one.
  var transposedPanels: UnsafePointer<Float>? {
    guard let panels = storage.panels, rank == 2, shape[1] == panels.columns, panels.columns > 0,
      offset % panels.columns == 0
    else { return nil }
    let first = offset / panels.columns
    return panels.elements(ofRows: first..<first + shape[0])
  }
}
