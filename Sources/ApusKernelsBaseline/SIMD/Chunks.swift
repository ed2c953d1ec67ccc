// Long rows of work cut into tiles of a fixed grain.

import ApusKernelTypes

/// Calls `body` for consecutive ranges of `grain` that cover `0..<count`; on the caller alone if there is only one.
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

/// The same over rows of `width` elements, with about `elements` elements in a chunk.
@inline(__always)
func forEachRowChunk(
  rows: Int, width: Int, elements: Int = 16_384, _ schedule: Schedule, _ body: (Range<Int>) -> Void
) {
  forEachChunk(of: rows, grain: max(1, elements / max(1, width)), schedule, body)
}
