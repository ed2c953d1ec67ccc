// Work cut into tiles of a fixed size, which a schedule runs. Read first: ApusKernelTypes/Schedule.swift.
// Read next: ../Pointwise/PointwiseFunction.swift, a typical use.

import ApusKernelTypes

/// Runs the tiles of a kernel; a single tile runs on the caller.
///
/// Write the body as a closure in the call, so that its context is on the stack. That of a named closure is allocated on the
/// heap.
func runTiles(_ tiles: Int, _ schedule: Schedule, _ body: Schedule.Body) {
  if tiles == 1 { body(0, 0) } else { schedule.run(tiles, body) }
}

/// Calls `body` for consecutive ranges of `grain` elements that cover `0..<count`; a single range runs on the caller.
@inline(__always)
func forEachChunk(of count: Int, grain: Int, _ schedule: Schedule, _ body: (Range<Int>) -> Void) {
  if count <= grain {
    if count > 0 { body(0..<count) }
    return
  }
  schedule.run((count + grain - 1) / grain) { tile, _ in
    body(tile * grain..<min(count, (tile + 1) * grain))
  }
}

/// The same for rows of `width` elements: each range has as many rows as make about `elements` elements.
@inline(__always)
func forEachRowChunk(
  rows: Int, width: Int, elements: Int = 16_384, _ schedule: Schedule, _ body: (Range<Int>) -> Void
) {
  forEachChunk(of: rows, grain: max(1, elements / max(1, width)), schedule, body)
}

/// Calls `body` with a row and a range of its columns: all of them, or a piece of `elements` columns if rows are longer.
@inline(__always)
func forEachPiece(
  rows: Int, columns: Int, elements: Int = 16_384, _ schedule: Schedule, _ body: (_ row: Int, Range<Int>) -> Void
) {
  guard rows > 0, columns > 0 else { return }
  if columns <= elements {
    forEachRowChunk(rows: rows, width: columns, elements: elements, schedule) { range in
      for row in range { body(row, 0..<columns) }
    }
  } else {
    let pieces = (columns + elements - 1) / elements
    schedule.run(rows * pieces) { tile, _ in
      let start = tile % pieces * elements
      body(tile / pieces, start..<min(columns, start + elements))
    }
  }
}

/// Calls `body` for strips of the inner axis of [outer, count, inner], with an outer index and a range of columns.
///
/// A strip has about 16,384 elements over its `count` rows. It has at least 512 columns or an eighth of all columns, whichever
/// is less, so that memory is read in long runs. If a whole [count, inner] is smaller than a tile, a tile is several of them.
@inline(__always)
func forEachStrip(
  outer: Int, count: Int, inner: Int, _ schedule: Schedule, _ body: (_ outer: Int, _ columns: Range<Int>) -> Void
) {
  guard outer > 0, inner > 0 else { return }
  let least = max(4 * laneCount, min(512, outer * inner / 8 / laneCount * laneCount))
  let strip = min(inner, max(least, 16_384 / max(1, count) / laneCount * laneCount))
  let strips = (inner + strip - 1) / strip
  let grain = strips == 1 ? max(1, 16_384 / max(1, count * inner)) : 1
  forEachChunk(of: outer * strips, grain: grain, schedule) { tiles in
    for tile in tiles {
      let start = tile % strips * strip
      body(tile / strips, start..<min(inner, start + strip))
    }
  }
}
