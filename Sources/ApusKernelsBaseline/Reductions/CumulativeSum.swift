// Cumulative sums along an axis, from the front or, for the gradient, from the back.
// Read first: ../SIMD/Chunks.swift. Read next: ../Sorting/Sort.swift; ApusKernelsReference/ReferenceAxes.swift, the twin.

package import ApusKernelTypes

/// Elements in each piece of a long row, and the row length from which on rows are cut into pieces.
private let (piece, longRow) = (1_024, 8_192)

extension SIMDKernels {
  /// y[o, r, i] ← Σ x[o, s, i] over s ≤ r, or over s ≥ r if reversed; running sums are in Double.
  package static func cumulativeSum(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, isReversed: Bool,
    _ schedule: Schedule
  ) {
    guard outer > 0, count > 0, inner > 0 else { return }
    if inner > 1 {
      scanColumns(x, y, outer: outer, count: count, inner: inner, isReversed: isReversed, schedule)
    } else if count >= longRow {
      for row in 0..<outer {
        scanLongRow(x + row * count, y + row * count, count: count, isReversed: isReversed, schedule)
      }
    } else {
      let (first, step) = isReversed ? (count - 1, -1) : (0, 1)
      // A tile has a multiple of four rows: four chains of additions hide their latency.
      let grain = max(4, 16_384 / count / 4 * 4)
      forEachChunk(of: outer, grain: grain, schedule) { rows in
        var row = rows.lowerBound
        while row + 4 <= rows.upperBound {
          let start = row * count + first
          scanFour(x + start, y + start, apart: count, count: count, step: step, from: (0, 0, 0, 0))
          row += 4
        }
        while row < rows.upperBound {
          let start = row * count + first
          _ = scan(x + start, y + start, count: count, step: step, from: 0)
          row += 1
        }
      }
    }
  }
}

/// Writes the cumulative sums of one row that begin at `start`; returns the last one.
@inline(__always)
private func scan(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, step: Int, from start: Double
) -> Double {
  var total = start
  for i in 0..<count {
    total += Double(x[i * step])
    y[i * step] = Float(total)
  }
  return total
}

/// The same for four rows that are `apart` elements apart.
@inline(__always)
private func scanFour(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, apart: Int, count: Int, step: Int,
  from starts: (Double, Double, Double, Double)
) {
  var (a, b, c, d) = starts
  for i in 0..<count {
    let (p, q) = (x + i * step, y + i * step)
    a += Double(p[0])
    b += Double(p[apart])
    c += Double(p[2 * apart])
    d += Double(p[3 * apart])
    q[0] = Float(a)
    q[apart] = Float(b)
    q[2 * apart] = Float(c)
    q[3 * apart] = Float(d)
  }
}

/// A long row in three steps: the sums of its pieces in parallel, the cumulative sums of these, then all pieces in parallel,
/// each from its start.
private func scanLongRow(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, isReversed: Bool, _ schedule: Schedule
) {
  let (first, step) = isReversed ? (count - 1, -1) : (0, 1)
  let (source, target) = (x + first, y + first)
  let pieces = (count + piece - 1) / piece
  let scratch = ScratchBuffer(count: 2 * pieces)
  defer { scratch.free() }
  let starts = UnsafeMutableRawPointer(scratch.pointer).bindMemory(to: Double.self, capacity: pieces)
  forEachChunk(of: pieces - 1, grain: 16, schedule) { range in
    for index in range {
      let p = source + index * piece * step
      var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
      for i in 0..<piece / 4 {
        a += Double(p[i * step])
        b += Double(p[(i + piece / 4) * step])
        c += Double(p[(i + piece / 2) * step])
        d += Double(p[(i + 3 * piece / 4) * step])
      }
      starts[index + 1] = (a + b) + (c + d)
    }
  }
  starts[0] = 0
  for index in 1..<pieces { starts[index] += starts[index - 1] }
  forEachChunk(of: pieces, grain: 16, schedule) { range in
    var index = range.lowerBound
    while index + 4 <= range.upperBound && (index + 4) * piece <= count {
      let from = (starts[index], starts[index + 1], starts[index + 2], starts[index + 3])
      let start = index * piece * step
      scanFour(source + start, target + start, apart: piece * step, count: piece, step: step, from: from)
      index += 4
    }
    while index < range.upperBound {
      let start = index * piece
      let length = min(piece, count - start)
      _ = scan(source + start * step, target + start * step, count: length, step: step, from: starts[index])
      index += 1
    }
  }
}

/// Cumulative sums down the rows of [count, inner], for strips of columns.
private func scanColumns(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, isReversed: Bool,
  _ schedule: Schedule
) {
  forEachStrip(outer: outer, count: count, inner: inner, schedule) { o, columns in
    let width = min(256, columns.count)
    let scratch = ScratchBuffer(count: 2 * width)
    defer { scratch.free() }
    let totals = UnsafeMutableRawPointer(scratch.pointer).bindMemory(to: Double.self, capacity: width)
    var start = columns.lowerBound
    while start < columns.upperBound {
      let size = min(width, columns.upperBound - start)
      totals.update(repeating: 0, count: size)
      for r in 0..<count {
        let offset = (o * count + (isReversed ? count - 1 - r : r)) * inner + start
        let (p, q) = (x + offset, y + offset)
        for j in 0..<size {
          totals[j] += Double(p[j])
          q[j] = Float(totals[j])
        }
      }
      start += size
    }
  }
}
