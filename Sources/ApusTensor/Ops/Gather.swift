// Lookup of table rows by index, as in embeddings, and its adjoint. Read next: ApusNN/Layers/Embedding.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The rows of this table at the given indices.
  ///
  /// - Parameters:
  ///   - indices: any shape; each index is in 0 ..< rows.
  ///   - padding: the index of a row that receives no gradient. The row is read like any other.
  /// - Returns: [indices' shape.., columns..] for a table [rows, columns..].
  /// - Precondition: the indices are in range.
  public func gathering(_ indices: IndexTensor, padding: Int? = nil) -> Tensor {
    require(rank >= 1, "gathering: table \(shape) (expected at least one axis)")
    indices.check(below: shape[0], "gathering")
    let table = self
    let width = shape.dropFirst().reduce(1, *)
    var resultShape = indices.shape
    resultShape.append(contentsOf: shape.dropFirst())
    let result = Tensor(uninitialized: resultShape) { y in
      read(self) { x in
        indices.indices.withUnsafeBufferPointer { rows in
          if let base = rows.baseAddress {
            Kernels.current.gather(x, indices: base, y, count: indices.count, width: width, Kernels.schedule)
          }
        }
      }
    }
    return result.recorded("gathering") {
      wrt(table) { [shape = table.shape] dy in
        dy.scatterAdded(at: indices, rows: shape[0], skipping: padding).reshaped(to: shape)
      }
    }
  }

  /// A table of `rows` rows, each the sum of the rows of this tensor that have its index.
  ///
  /// - Parameters:
  ///   - indices: the shape of this tensor's leading axes; each index is in 0 ..< rows.
  ///   - rows: the number of rows of the table.
  ///   - skipped: rows with this index are left out.
  /// - Returns: [rows, columns..] for this tensor as [indices' shape.., columns..].
  /// - Precondition: the leading axes are the indices' shape; the indices are in range.
  public func scatterAdded(at indices: IndexTensor, rows: Int, skipping skipped: Int? = nil) -> Tensor {
    require(
      Array(shape.prefix(indices.shape.rank)) == Array(indices.shape),
      "scatterAdded: rows \(shape), indices \(indices.shape) (the leading axes must be equal)")
    indices.check(below: rows, "scatterAdded")
    let x = self
    let columns = Array(shape.dropFirst(indices.shape.rank))
    let width = columns.reduce(1, *)
    let result = Tensor(uninitialized: Shape([rows] + columns)) { table in
      table.update(repeating: 0, count: rows * width)
      read(self) { x in
        indices.indices.withUnsafeBufferPointer { places in
          if let base = places.baseAddress {
            Kernels.current.scatterAdd(
              x, indices: base, to: table, count: indices.count, width: width,
              skipping: skipped.map { Int32($0) } ?? -1, Kernels.schedule)
          }
        }
      }
    }
    return result.recorded("scatterAdded") {
      wrt(x) { dTable in
        let rows = dTable.gathering(indices)
        guard let skipped else { return rows }
        let kept = indices.indices.map { $0 == Int32(skipped) ? Float(0) : 1 }
        return rows * Tensor(kept, shape: Shape(Array(indices.shape) + columns.map { _ in 1 }))
      }
    }
  }
}
