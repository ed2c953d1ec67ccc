// Softmax over rows: forward and backward. Exponents never overflow: the row's largest element is taken off first.
// Read first: ApusKernelsReference/ReferenceSoftmax.swift. Read next: Losses/CrossEntropy.swift.

import ApusKernelTypes

/// y ← e^(x − m) and returns (m, Σ y), m the row's largest element; a row of −∞ gives zeros and m = −∞.
@inline(__always)
func exponentials(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) -> (largest: Float, sum: Float) {
  let top = largest(x, count: count)
  let shift = Lanes(repeating: top == -.infinity ? 0 : top)
  let total = sum(
    count,
    of: { index in
      let e = exp(x.lanes(at: index) - shift)
      y.store(e, at: index)
      return e
    },
    tail: { index, count in
      let e = exp(x.partialLanes(at: index, count: count, padding: -.infinity) - shift)
      y.storePartial(e, at: index, count: count)
      return e
    })
  return (top, total)
}

@inline(__always)
private func scaleRow(_ y: UnsafeMutablePointer<Float>, count: Int, by scale: Float) {
  forEachVector(in: 0..<count) { index in
    y.store(y.lanes(at: index) * scale, at: index)
  } tail: { index, count in
    y.storePartial(y.partialLanes(at: index, count: count) * scale, at: index, count: count)
  }
}

/// y ← softmax of every row of x [rows, columns]; a row of −∞ gives zeros.
func softmax(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule
) {
  forEachRowChunk(rows: rows, width: columns, schedule) { range in
    for row in range {
      let target = y + row * columns
      let total = exponentials(x + row * columns, target, count: columns).sum
      scaleRow(target, count: columns, by: total > 0 ? 1 / total : 0)
    }
  }
}

/// dx ← y ∘ (dy − Σ dy ∘ y)
func softmaxBackward(
  _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
  _ schedule: Schedule
) {
  forEachRowChunk(rows: rows, width: columns, schedule) { range in
    for row in range {
      let (p, g, out) = (y + row * columns, dy + row * columns, dx + row * columns)
      let dot = sum(
        columns, of: { p.lanes(at: $0) * g.lanes(at: $0) },
        tail: { p.partialLanes(at: $0, count: $1) * g.partialLanes(at: $0, count: $1) })
      forEachVector(in: 0..<columns) { index in
        out.store(p.lanes(at: index) * (g.lanes(at: index) - dot), at: index)
      } tail: { index, count in
        let value = p.partialLanes(at: index, count: count) * (g.partialLanes(at: index, count: count) - dot)
        out.storePartial(value, at: index, count: count)
      }
    }
  }
}
