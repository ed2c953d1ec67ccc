// Rotary positions: pairs of features rotated by angles that grow with the position (Su et al., arXiv:2104.09864).
// Read first: ApusKernelsReference/ReferenceRotary.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// (y₁, y₂) ← (x₁·cos − x₂·sin, x₂·cos + x₁·sin) for every pair of every head; the other features are copied.
  package static func rotate(_ p: RotaryArguments, _ schedule: Schedule) {
    let width = p.heads * p.headSize
    forEachRowChunk(rows: p.rows, width: width, schedule) { rows in
      for row in rows {
        let angles = row % p.angleRows * p.pairs
        let (cosines, sines) = (p.cosines + angles, p.sines + angles)
        for head in 0..<p.heads {
          let start = row * width + head * p.headSize
          let (x, y) = (p.x + start, p.y + start)
          if p.pairsAreNeighbors {
            rotateNeighbors(x, y, cosines, sines, pairs: p.pairs, isBackward: p.isBackward)
          } else {
            rotateHalves(x, y, cosines, sines, pairs: p.pairs, isBackward: p.isBackward)
          }
          let turned = 2 * p.pairs
          if turned < p.headSize { (y + turned).update(from: x + turned, count: p.headSize - turned) }
        }
      }
    }
  }
}

/// Rotates the pairs (i, i + pairs).
@inline(__always)
private func rotateHalves(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>,
  _ sines: UnsafePointer<Float>, pairs: Int, isBackward: Bool
) {
  let sign = Lanes(repeating: isBackward ? -1 : 1)
  forEachVector(in: 0..<pairs) { i in
    let (first, second) = (x.lanes(at: i), x.lanes(at: pairs + i))
    let (cosine, sine) = (cosines.lanes(at: i), sines.lanes(at: i) * sign)
    let minusSine = sine * -1
    y.store(multiplyAdd(first, cosine, second * minusSine), at: i)
    y.store(multiplyAdd(second, cosine, first * sine), at: pairs + i)
  } tail: { i, count in
    let (first, second) = (x.partialLanes(at: i, count: count), x.partialLanes(at: pairs + i, count: count))
    let cosine = cosines.partialLanes(at: i, count: count)
    let sine = sines.partialLanes(at: i, count: count) * sign
    let minusSine = sine * -1
    y.storePartial(multiplyAdd(first, cosine, second * minusSine), at: i, count: count)
    y.storePartial(multiplyAdd(second, cosine, first * sine), at: pairs + i, count: count)
  }
}

/// Rotates the pairs (2i, 2i + 1).
@inline(__always)
private func rotateNeighbors(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ cosines: UnsafePointer<Float>,
  _ sines: UnsafePointer<Float>, pairs: Int, isBackward: Bool
) {
  for i in 0..<pairs {
    let (first, second) = (x[2 * i], x[2 * i + 1])
    let (cosine, sine) = (cosines[i], isBackward ? -sines[i] : sines[i])
    y[2 * i] = first * cosine - second * sine
    y[2 * i + 1] = second * cosine + first * sine
  }
}
