// The arguments of the kernel that turns pairs of features by angles. Read next: ApusKernelsBaseline/Positions/Rotary.swift.

/// Rows of heads side by side whose features are turned in pairs.
package struct RotaryArguments {
  package var x: UnsafePointer<Float>
  package var y: UnsafeMutablePointer<Float>
  /// [angle rows, pairs] each; row r of x is turned by the angles of row r % angleRows.
  package var cosines: UnsafePointer<Float>
  package var sines: UnsafePointer<Float>
  package var angleRows: Int
  package var rows: Int
  package var heads: Int
  package var headSize: Int
  /// The first 2 · pairs features of a head are turned, the others copied.
  package var pairs: Int
  /// Pairs are neighbours (2i, 2i + 1); otherwise they are (i, i + pairs).
  package var pairsAreNeighbors: Bool
  /// Turns the other way: the adjoint.
  package var isBackward: Bool

  package init(
    x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, cosines: UnsafePointer<Float>,
    sines: UnsafePointer<Float>, angleRows: Int, rows: Int, heads: Int, headSize: Int, pairs: Int,
    pairsAreNeighbors: Bool, isBackward: Bool
  ) {
    (self.x, self.y, self.cosines, self.sines) = (x, y, cosines, sines)
    (self.angleRows, self.rows, self.heads, self.headSize) = (angleRows, rows, heads, headSize)
    (self.pairs, self.pairsAreNeighbors, self.isBackward) = (pairs, pairsAreNeighbors, isBackward)
  }
}
