// The naive twin of rotary positions. Read next: ApusKernelsBaseline/Positions/Rotary.swift, the kernel.

extension Reference {
  /// Rotates pairs of features: (y₁, y₂) = (x₁·cos − x₂·sin, x₂·cos + x₁·sin).
  ///
  /// - Parameters:
  ///   - x: [rows, heads, headSize]
  ///   - cosines: [angleRows, pairs]; row r of x takes row r % angleRows.
  ///   - sines: [angleRows, pairs]
  ///   - heads: Heads in each row.
  ///   - headSize: Features in each head.
  ///   - pairs: Pairs in each head; 2 · pairs ≤ headSize, and the other features are copied.
  ///   - pairsAreNeighbors: Whether the pairs are (2i, 2i + 1) instead of (i, i + pairs).
  ///   - isBackward: Whether to rotate by the negative angles.
  /// - Returns: y, in the shape of x.
  @specialized(where T == Double)
  package static func rotate<T: ReferenceScalar>(
    _ x: [T], cosines: [T], sines: [T], heads: Int, headSize: Int, pairs: Int, pairsAreNeighbors: Bool,
    isBackward: Bool = false
  ) -> [T] {
    var y = x
    let angleRows = pairs == 0 ? 1 : cosines.count / pairs
    for vector in 0..<(headSize == 0 ? 0 : x.count / headSize) {
      let row = vector / heads
      for i in 0..<pairs {
        let first = vector * headSize + (pairsAreNeighbors ? 2 * i : i)
        let second = pairsAreNeighbors ? first + 1 : first + pairs
        let angle = row % angleRows * pairs + i
        let sine = isBackward ? -sines[angle] : sines[angle]
        y[first] = x[first] * cosines[angle] - x[second] * sine
        y[second] = x[second] * cosines[angle] + x[first] * sine
      }
    }
    return y
  }
}
