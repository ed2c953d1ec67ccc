// Softmax over rows, and cross-entropy on logits: forward and backward. Exponents never overflow: the row's
// largest element is taken off first. Read first: Reference/ReferenceSoftmax.swift.

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

/// losses[r] ← log Σ exp(x[r, ·]) − x[r, target[r]], 0 where the target is ignored; also keeps log Σ exp for the backward.
func crossEntropy(
  _ x: UnsafePointer<Float>, targets: UnsafePointer<Int32>, ignoring ignored: Int32,
  losses: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>, rows: Int, classes: Int,
  _ schedule: Schedule
) {
  forEachRowChunk(rows: rows, width: classes, schedule) { range in
    for row in range {
      let p = x + row * classes
      let top = largest(p, count: classes)
      let total = sum(
        classes, of: { exp(p.lanes(at: $0) - top) },
        tail: { exp(p.partialLanes(at: $0, count: $1, padding: -.infinity) - top) })
      let logarithm = top + log(Lanes(repeating: total))[0]
      logSumExp[row] = logarithm
      losses[row] = targets[row] == ignored ? 0 : logarithm - p[Int(targets[row])]
    }
  }
}

/// dx[r, ·] ← scale[r or 0] · (softmax(x[r, ·]) − e_target), zeros where the target is ignored.
func crossEntropyBackward(
  _ x: UnsafePointer<Float>, targets: UnsafePointer<Int32>, ignoring ignored: Int32,
  logSumExp: UnsafePointer<Float>, scales: UnsafePointer<Float>, hasScalePerRow: Bool,
  _ dx: UnsafeMutablePointer<Float>, rows: Int, classes: Int, _ schedule: Schedule
) {
  forEachRowChunk(rows: rows, width: classes, schedule) { range in
    for row in range {
      let (p, out) = (x + row * classes, dx + row * classes)
      if targets[row] == ignored {
        out.update(repeating: 0, count: classes)
        continue
      }
      let (scale, logarithm) = (scales[hasScalePerRow ? row : 0], logSumExp[row])
      forEachVector(in: 0..<classes) { index in
        out.store(exp(p.lanes(at: index) - logarithm) * scale, at: index)
      } tail: { index, count in
        out.storePartial(exp(p.partialLanes(at: index, count: count) - logarithm) * scale, at: index, count: count)
      }
      out[Int(targets[row])] -= scale
    }
  }
}
