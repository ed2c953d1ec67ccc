// Layer normalization (Ba, Kiros, Hinton, arXiv:1607.06450): the forward, which keeps μ and 1/σ, and the backward.
// Read first: ApusKernelsReference/ReferenceLayerNorm.swift. Read next: RMSNorm.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// y ← (x − μ)/σ · weight + bias for every row of x [rows, columns], with σ² = mean (x − μ)² + epsilon.
  ///
  /// It makes two passes over each row, the second from the first-level cache. That is as accurate as a running formula, and
  /// simpler.
  package static func layerNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, _ schedule: Schedule
  ) {
    let share = 1 / Float(columns)
    forEachRowChunk(rows: rows, width: columns, elements: 8_192, schedule) { range in
      for row in range {
        let (p, out) = (x + row * columns, y + row * columns)
        @inline(__always) func element(_ index: Int, _ count: Int) -> Lanes { p.lanes(at: index, count: count) }
        let mu = share * sum(columns, of: element)
        @inline(__always) func squaredDeviation(_ index: Int, _ count: Int) -> Lanes {
          squared(p.lanes(at: index, count: count, padding: mu) - mu)
        }
        let variance = share * sum(columns, of: squaredDeviation)
        let scale = 1 / (variance + epsilon).squareRoot()
        mean[row] = mu
        inverseDeviation[row] = scale
        @inline(__always) func normalize(_ index: Int, _ count: Int) {
          var value = (p.lanes(at: index, count: count) - mu) * scale
          if let weight { value *= weight.lanes(at: index, count: count) }
          if let bias { value += bias.lanes(at: index, count: count) }
          out.store(value, at: index, count: count)
        }
        forEachVector(of: columns, normalize)
      }
    }
  }
}

/// Rows whose weight and bias gradients are summed together; a constant, so that the order of additions is fixed.
private let gradientBlock = 64

extension SIMDKernels {
  /// With x̂ = (x − μ)/σ and g = dy ∘ weight:
  /// dx ← (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, dweight ← Σ dy ∘ x̂, dbias ← Σ dy over the rows.
  package static func layerNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, rows: Int, columns: Int,
    _ schedule: Schedule
  ) {
    let blocks = (rows + gradientBlock - 1) / gradientBlock
    let wantsSums = dWeight != nil || dBias != nil
    // Every block of rows has its own sums, which are added in order at the end.
    let scratch = ScratchBuffer(count: wantsSums ? 2 * blocks * columns : 0)
    defer { scratch.free() }
    let sums = scratch.pointer
    let share = 1 / Float(columns)
    forEachChunk(of: rows, grain: gradientBlock, schedule) { range in
      let weightSum = sums + 2 * (range.lowerBound / gradientBlock) * columns
      let biasSum = weightSum + columns
      if wantsSums { weightSum.update(repeating: 0, count: 2 * columns) }
      for row in range {
        let (p, g, out) = (x + row * columns, dy + row * columns, dx + row * columns)
        let (mu, scale) = (mean[row], inverseDeviation[row])
        var (gradientSum, productSum) = (Lanes.zero, Lanes.zero)
        @inline(__always) func weighted(_ index: Int, _ count: Int) -> Lanes {
          let dy = g.lanes(at: index, count: count)
          guard let weight else { return dy }
          return dy * weight.lanes(at: index, count: count)
        }
        @inline(__always) func normalized(_ index: Int, _ count: Int) -> Lanes {
          (p.lanes(at: index, count: count, padding: mu) - mu) * scale
        }
        @inline(__always) func addUp(_ index: Int, _ count: Int) {
          let (dy, normalized) = (g.lanes(at: index, count: count), normalized(index, count))
          if wantsSums {
            let old = weightSum.lanes(at: index, count: count)
            weightSum.store(multiplyAdd(dy, normalized, old), at: index, count: count)
            biasSum.store(biasSum.lanes(at: index, count: count) + dy, at: index, count: count)
          }
          let weighted = weighted(index, count)
          gradientSum += weighted
          productSum = multiplyAdd(weighted, normalized, productSum)
        }
        forEachVector(of: columns, addUp)
        let gradientMean = share * horizontalSum(gradientSum)
        let productMean = share * horizontalSum(productSum)
        @inline(__always) func combine(_ index: Int, _ count: Int) {
          let value = multiplyAdd(-normalized(index, count), productMean, weighted(index, count) - gradientMean)
          out.store(value * scale, at: index, count: count)
        }
        forEachVector(of: columns, combine)
      }
    }
    func addBlocks(at offset: Int, to target: UnsafeMutablePointer<Float>?) {
      guard let target else { return }
      target.update(repeating: 0, count: columns)
      for block in 0..<blocks {
        addScaled(sums + 2 * block * columns + offset, to: target, scale: 1, count: columns, .serial)
      }
    }
    addBlocks(at: 0, to: dWeight)
    addBlocks(at: columns, to: dBias)
  }
}
