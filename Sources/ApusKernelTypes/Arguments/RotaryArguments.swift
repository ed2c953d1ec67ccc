// The arguments of rotary positions. Read next: ApusKernelsBaseline/Positions/Rotary.swift.

/// Rows x [rows, heads, headSize] whose features are rotated in pairs, and the angles.
package struct RotaryArguments {
  package var x: UnsafePointer<Float>
  package var y: UnsafeMutablePointer<Float>
  /// The cosines of the angles, [angleRows, pairs]; row r of x is rotated by the angles of row r % angleRows.
  package var cosines: UnsafePointer<Float>
  /// The sines of the angles, [angleRows, pairs].
  package var sines: UnsafePointer<Float>
  package var angleRows: Int
  package var rows: Int
  package var heads: Int
  package var headSize: Int
  /// Pairs in each head: the first 2 · pairs features are rotated, the others copied.
  package var pairs: Int
  /// Whether the pairs are neighbors (2i, 2i + 1); otherwise they are (i, i + pairs).
  package var pairsAreNeighbors: Bool
  /// Whether to rotate by the negative angles, which is the adjoint.
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
