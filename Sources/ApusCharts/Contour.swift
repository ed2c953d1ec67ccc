// Contour lines of values on a grid, computed by marching squares.
// Read first: DecisionMap.swift, which draws it.

/// Finds contour lines.
enum Contour {
  /// A point on the grid, in units of the grid spacing.
  struct Place: Equatable {
    var x: Double
    var y: Double
  }

  struct Segment: Equatable {
    var from: Place
    var to: Place
  }

  /// The line segments of the contour, one or two for every grid square that it crosses.
  ///
  /// - Parameters:
  ///   - values: The values in row-major order. Squares with a value that is not finite have no contour.
  ///   - columns: The number of values in a row.
  ///   - level: The value along the contour.
  static func segments(of values: [Double], columns: Int, at level: Double) -> [Segment] {
    guard columns > 1, values.count >= 2 * columns else { return [] }
    let rows = values.count / columns
    return (0..<rows - 1).flatMap { row in
      (0..<columns - 1).flatMap { column -> [Segment] in
        // The corners, counterclockwise from the lower left.
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map { (column + $0.0, row + $0.1) }
        let heights = corners.map { values[$0.1 * columns + $0.0] - level }
        guard heights.allSatisfy(\.isFinite) else { return [] }
        let crossings = (0..<4).compactMap { edge -> Place? in
          let next = (edge + 1) % 4
          let (a, b) = (heights[edge], heights[next])
          guard (a < 0) != (b < 0) else { return nil }
          let share = a / (a - b)
          let (from, to) = (corners[edge], corners[next])
          return Place(
            x: Double(from.0) + share * Double(to.0 - from.0), y: Double(from.1) + share * Double(to.1 - from.1))
        }
        if crossings.count == 2 { return [Segment(from: crossings[0], to: crossings[1])] }
        // A saddle: two opposite corners lie above the level, two below. The mean decides which crossings to connect.
        guard crossings.count == 4 else { return [] }
        let middleIsAbove = heights.reduce(0, +) >= 0
        let isFirstAbove = heights[0] >= 0
        let pairs = middleIsAbove == isFirstAbove ? [(0, 1), (2, 3)] : [(3, 0), (1, 2)]
        return pairs.map { Segment(from: crossings[$0.0], to: crossings[$0.1]) }
      }
    }
  }
}
