// Softmax over rows, forward and backward. The row's largest element is subtracted first, so that no exponential overflows.
// Read first: ApusKernelsReference/ReferenceSoftmax.swift. Read next: CrossEntropy.swift.

package import ApusKernelTypes

/// y ← e^(x − m), with m the row's largest element; returns m and Σ y. A row of −∞ gives zeros and m = −∞.
@inline(never)
func exponentials(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) -> (largest: Float, sum: Float) {
  let top = largest(x, count: count)
  let shift = Lanes(repeating: top == -.infinity ? 0 : top)
  @inline(__always) func term(_ index: Int, _ count: Int) -> Lanes {
    let e = exp(x.lanes(at: index, count: count, padding: -.infinity) - shift)
    y.store(e, at: index, count: count)
    return e
  }
  return (top, sum(count, of: term))
}

/// y ← scale · y
@inline(__always)
private func scaleRow(_ y: UnsafeMutablePointer<Float>, count: Int, by scale: Float) {
  @inline(__always) func scaleVector(_ index: Int, _ count: Int) {
    y.store(y.lanes(at: index, count: count) * scale, at: index, count: count)
  }
  forEachVector(of: count, scaleVector)
}

extension SIMDKernels {
  /// y ← softmax of every row of x [rows, columns]; a row of −∞ gives zeros.
  package static func softmax(
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
  package static func softmaxBackward(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    _ schedule: Schedule
  ) {
    forEachRowChunk(rows: rows, width: columns, schedule) { range in
      for row in range {
        let (p, g, out) = (y + row * columns, dy + row * columns, dx + row * columns)
        @inline(__always) func product(_ index: Int, _ count: Int) -> Lanes {
          p.lanes(at: index, count: count) * g.lanes(at: index, count: count)
        }
        let dot = sum(columns, of: product)
        @inline(__always) func combine(_ index: Int, _ count: Int) {
          let value = p.lanes(at: index, count: count) * (g.lanes(at: index, count: count) - dot)
          out.store(value, at: index, count: count)
        }
        forEachVector(of: columns, combine)
      }
    }
  }
}
