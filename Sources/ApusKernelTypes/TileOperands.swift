// The operands of a register tile. They are declared here, not beside the micro-kernel: a type declared in a module that
// is compiled for AVX brings helper functions (copying a value) that share their names with those of other modules.
// Read next: ApusKernelsBaseline/MatMul/MicroKernel.swift.

/// The left operand of a tile: element (row, step) is at `elements[row · rowStride + step · stepStride]`.
///
/// Packed panels have strides (1, rows of a tile); a row-major matrix (its row stride, 1); a transposed one (1, its row
/// stride). Every element is broadcast, so that any strides do.
@frozen
package struct TileLeft {
  package var elements: UnsafePointer<Float>
  package var rowStride: Int
  package var stepStride: Int

  @inlinable @inline(__always)
  package init(elements: UnsafePointer<Float>, rowStride: Int, stepStride: Int) {
    (self.elements, self.rowStride, self.stepStride) = (elements, rowStride, stepStride)
  }
}

/// The right operand: row `step` of a panel starts at `elements[step · stepStride]`.
@frozen
package struct TileRight {
  package var elements: UnsafePointer<Float>
  package var stepStride: Int

  @inlinable @inline(__always)
  package init(elements: UnsafePointer<Float>, stepStride: Int) {
    (self.elements, self.stepStride) = (elements, stepStride)
  }
}

/// Where a tile's result goes; of the full tile only `rows` × `columns` elements are written.
@frozen
package struct TileResult {
  package var elements: UnsafeMutablePointer<Float>
  package var rowStride: Int
  package var rows: Int
  package var columns: Int
  package var accumulates: Bool

  @inlinable @inline(__always)
  package init(elements: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, accumulates: Bool) {
    (self.elements, self.rowStride, self.rows) = (elements, rowStride, rows)
    (self.columns, self.accumulates) = (columns, accumulates)
  }
}
