// The operands of a register tile. They are tuples because structures would cost something in either place: declared in a
// module that is compiled for AVX, they bring copy helpers whose names other modules share; declared here, their
// initializer is in another module and was called for every tile even when marked inlinable (0.8 % of a Transformer's time).
// Read next: ApusKernelsBaseline/MatMul/MicroKernel.swift.

/// The left operand of a tile: element (row, step) is at `elements[row · rowStride + step · stepStride]`.
///
/// A packed panel has the strides (1, rows of a tile), a row-major matrix (its row stride, 1), and a transposed one (1, its
/// row stride). Each element is broadcast by itself, so any strides work.
package typealias TileLeft = (elements: UnsafePointer<Float>, rowStride: Int, stepStride: Int)

/// The right operand: row `step` of a panel starts at `elements[step · stepStride]`.
package typealias TileRight = (elements: UnsafePointer<Float>, stepStride: Int)

/// The destination of a tile's result; only `rows` × `columns` elements of the full tile are written.
package typealias TileResult = (
  elements: UnsafeMutablePointer<Float>, rowStride: Int, rows: Int, columns: Int, accumulates: Bool
)
