// Log-softmax over rows, and cross-entropy of logits with classes or probabilities, class weights and label smoothing.
// Read first: ApusKernelsReference/ReferenceLosses.swift, Softmax.swift. Read next: PairwiseLosses.swift.
//
// The row's largest element is subtracted first, so that no exponential overflows. No probabilities are stored: the backward
// recomputes them from ln Σ exp.

package import ApusKernelTypes

/// The row's largest element m and ln Σ e^(x − m), whose sum is ln Σ eˣ; −∞ and 0 for a row of −∞.
@inline(never)
private func rowLogSumExp(_ x: UnsafePointer<Float>, count: Int) -> (largest: Float, rest: Float) {
  let top = largest(x, count: count)
  guard top > -.infinity else { return (top, 0) }
  let total = sumOfExponentials(x, count: count, minus: Lanes(repeating: top))
  return (top, log(Lanes(repeating: total))[0])
}

extension SIMDKernels {
  /// y ← x − ln Σ eˣ for every row of x [rows, columns].
  package static func logSoftmax(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule
  ) {
    forEachRowChunk(rows: rows, width: columns, schedule) { range in
      for row in range {
        let (p, out) = (x + row * columns, y + row * columns)
        let (top, rest) = rowLogSumExp(p, count: columns)
        // Two subtractions: the largest element and the logarithm may differ much in magnitude.
        @inline(__always) func subtract(_ index: Int, _ count: Int) {
          out.store((p.lanes(at: index, count: count) - top) - rest, at: index, count: count)
        }
        forEachVector(of: columns, subtract)
      }
    }
  }

  /// dx ← dy − eʸ · Σ dy
  package static func logSoftmaxBackward(
    _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    _ schedule: Schedule
  ) {
    forEachRowChunk(rows: rows, width: columns, schedule) { range in
      for row in range {
        let (p, g, out) = (y + row * columns, dy + row * columns, dx + row * columns)
        let total = sum(g, count: columns)
        let factor = Lanes(repeating: -total)
        forEachVector(in: 0..<columns) { index in
          out.store(multiplyAdd(exp(p.lanes(at: index)), factor, g.lanes(at: index)), at: index)
        } tail: { index, count in
          let e = exp(p.partialLanes(at: index, count: count))
          out.storePartial(multiplyAdd(e, factor, g.partialLanes(at: index, count: count)), at: index, count: count)
        }
      }
    }
  }

  /// losses[r] ← Σ_j w[j]·q[r, j]·(ln Σ exp(x[r, ·]) − x[r, j]), with q the smoothed target distribution, and 0 where the target
  /// is ignored; keeps ln Σ exp for the backward.
  package static func crossEntropy(
    _ p: CrossEntropyArguments, losses: UnsafeMutablePointer<Float>, logSumExp logarithms: UnsafeMutablePointer<Float>,
    _ schedule: Schedule
  ) {
    let classes = p.classes
    forEachRowChunk(rows: p.rows, width: classes, schedule) { range in
      for row in range {
        let x = p.logits + row * classes
        let (top, rest) = rowLogSumExp(x, count: classes)
        logarithms[row] = top + rest
        if let probabilities = p.probabilities {
          losses[row] = softLoss(
            x, top: top, rest: rest, probabilities + row * classes, weights: p.weights, smoothing: p.smoothing,
            classes: classes)
          continue
        }
        guard let target = p.targets?[row], target != p.ignored else {
          losses[row] = 0
          continue
        }
        let loss = ((top - x[Int(target)]) + rest) * (p.weights?[Int(target)] ?? 1)
        losses[row] =
          p.smoothing == 0
          ? loss
          : (1 - p.smoothing) * loss
            + p.smoothing / Float(classes)
            * softLoss(x, top: top, rest: rest, nil, weights: p.weights, smoothing: 0, classes: classes)
      }
    }
  }
}

/// Σ_j w[j]·q[j]·((m − x[j]) + ln Σ e^(x − m)) with q = (1 − smoothing)·probabilities + smoothing / classes, or q = 1 without
/// probabilities.
@inline(never)
private func softLoss(
  _ x: UnsafePointer<Float>, top: Float, rest: Float, _ probabilities: UnsafePointer<Float>?,
  weights: UnsafePointer<Float>?, smoothing: Float, classes: Int
) -> Float {
  let (share, floor) = (1 - smoothing, Lanes(repeating: smoothing / Float(classes)))
  return sum(
    classes,
    of: { index in
      var value = (top - x.lanes(at: index)) + rest
      if let probabilities { value *= multiplyAdd(probabilities.lanes(at: index), share, floor) }
      if let weights { value *= weights.lanes(at: index) }
      return value
    },
    tail: { index, count in
      // The padding makes the value 0 after the end of the row.
      var value = (top - x.partialLanes(at: index, count: count, padding: top + rest)) + rest
      var kept = Lanes.zero
      if let probabilities {
        value *= multiplyAdd(probabilities.partialLanes(at: index, count: count), share, floor)
      }
      if let weights { value *= weights.partialLanes(at: index, count: count) }
      for lane in 0..<count { kept[lane] = value[lane] }
      return kept
    })
}

extension SIMDKernels {
  /// dx[r, ·] ← scale · (Σ_j w[j]·q[r, j] · softmax(x[r, ·]) − w ∘ q[r, ·]), zeros where the target is ignored.
  package static func crossEntropyBackward(
    _ p: CrossEntropyArguments, logSumExp: UnsafePointer<Float>, scales: RowScales, _ dx: UnsafeMutablePointer<Float>,
    _ schedule: Schedule
  ) {
    let classes = p.classes
    let weightSum = p.weights.map { sum($0, count: classes) } ?? Float(classes)
    forEachRowChunk(rows: p.rows, width: classes, schedule) { range in
      for row in range {
        let (x, out) = (p.logits + row * classes, dx + row * classes)
        let (scale, logarithm) = (scales.elements[scales.hasOneForEach ? row : 0], logSumExp[row])
        let even = p.smoothing / Float(classes)
        if let probabilities = p.probabilities {
          softLossBackward(
            x, logarithm, probabilities + row * classes, weights: p.weights, share: 1 - p.smoothing, even: even,
            scale: scale, out, classes: classes)
          continue
        }
        guard let target = p.targets?[row], target != p.ignored else {
          out.update(repeating: 0, count: classes)
          continue
        }
        let own = scale * (1 - p.smoothing) * (p.weights?[Int(target)] ?? 1)
        let factor = Lanes(repeating: own + scale * even * weightSum)
        if p.smoothing == 0 {
          forEachVector(in: 0..<classes) { index in
            out.store(exp(x.lanes(at: index) - logarithm) * factor, at: index)
          } tail: { index, count in
            out.storePartial(exp(x.partialLanes(at: index, count: count) - logarithm) * factor, at: index, count: count)
          }
        } else {
          let evenShare = -scale * even
          let ones = Lanes(repeating: 1)
          forEachVector(in: 0..<classes) { index in
            let w = p.weights?.lanes(at: index) ?? ones
            out.store(multiplyAdd(exp(x.lanes(at: index) - logarithm), factor, w * evenShare), at: index)
          } tail: { index, count in
            let w = p.weights?.partialLanes(at: index, count: count) ?? ones
            let e = exp(x.partialLanes(at: index, count: count) - logarithm)
            out.storePartial(multiplyAdd(e, factor, w * evenShare), at: index, count: count)
          }
        }
        out[Int(target)] -= own
      }
    }
  }
}

/// dx ← scale · (Σ(w ∘ q) · softmax(x) − w ∘ q) with q = share · probabilities + even.
@inline(never)
private func softLossBackward(
  _ x: UnsafePointer<Float>, _ logarithm: Float, _ probabilities: UnsafePointer<Float>,
  weights: UnsafePointer<Float>?, share: Float, even: Float, scale: Float, _ dx: UnsafeMutablePointer<Float>,
  classes: Int
) {
  let floor = Lanes(repeating: even)
  @inline(__always) func target(_ index: Int) -> Lanes {
    let q = multiplyAdd(probabilities.lanes(at: index), share, floor)
    return weights.map { q * $0.lanes(at: index) } ?? q
  }
  @inline(__always) func partialTarget(_ index: Int, _ count: Int) -> Lanes {
    let q = multiplyAdd(probabilities.partialLanes(at: index, count: count), share, floor)
    let weighted = weights.map { q * $0.partialLanes(at: index, count: count) } ?? q
    var kept = Lanes.zero
    for lane in 0..<count { kept[lane] = weighted[lane] }
    return kept
  }
  let total = sum(classes, of: { target($0) }, tail: { partialTarget($0, $1) })
  forEachVector(in: 0..<classes) { index in
    dx.store((exp(x.lanes(at: index) - logarithm) * total - target(index)) * scale, at: index)
  } tail: { index, count in
    let e = exp(x.partialLanes(at: index, count: count) - logarithm)
    dx.storePartial((e * total - partialTarget(index, count)) * scale, at: index, count: count)
  }
}
