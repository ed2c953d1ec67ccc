// The operands of a register tile, as tuples. A structure declared in a module that is compiled for AVX brings helper functions
// (copying a value) that share their names with those of other modules; one declared here has an initializer in another
// module, which was called for every tile, however inlinable it was marked: 0.8 % of a Transformer's time.
// Read next: ApusKernelsBaseline/MatMul/MicroKernel.swift.

/// The left operand of a tile: element (row, step) is at `elements[row · rowStride + step · stepStride]`.
///
/// Packed panels have strides (1, rows of a tile); a row-major matrix (its row stride, 1); a transposed one (1, its row
/// stride). Every element is broadcast, so that any strides do.
package typealias TileLeft = (elements: UnsafePointer<Float>, rowStride: Int, stepStride: Int)

/// The right operand: row `step` of a panel starts at `elements[step · stepStride]`.
package typealias TileRight = (elements: UnsafePointer<Float>, stepStride: Int)

/// Where a tile's result goes; of the full tile only `rows` × `columns` elements are written.
package typealias TileResult = (
  elements: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, accumulates: Bool
)
