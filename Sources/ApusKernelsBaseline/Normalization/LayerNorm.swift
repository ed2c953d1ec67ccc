// Layer normalization (Ba, Kiros, Hinton, arXiv:1607.06450): forward, which keeps mean and 1/σ, and backward.
// Read first: ApusKernelsReference/ReferenceLayerNorm.swift.

import ApusKernelTypes

/// y ← (x − μ)/σ · weight + bias for every row of x [rows, columns], with σ² = mean (x − μ)² + epsilon.
///
/// Two passes over a row that lies in the first-level cache: as exact as the running formulas, and simpler.
func layerNorm(
  _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
  _ y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>,
  rows: Int, columns: Int, _ schedule: Schedule
) {
  let share = 1 / Float(columns)
  forEachRowChunk(rows: rows, width: columns, elements: 8_192, schedule) { range in
    for row in range {
      let (p, out) = (x + row * columns, y + row * columns)
      let mu = share * sum(columns, of: { p.lanes(at: $0) }, tail: { p.partialLanes(at: $0, count: $1) })
      let variance =
        share
        * sum(
          columns, of: { squared(p.lanes(at: $0) - mu) },
          tail: { squared(p.partialLanes(at: $0, count: $1, padding: mu) - mu) })
      let scale = 1 / (variance + epsilon).squareRoot()
      mean[row] = mu
      inverseDeviation[row] = scale
      forEachVector(in: 0..<columns) { index in
        var value = (p.lanes(at: index) - mu) * scale
        if let weight { value *= weight.lanes(at: index) }
        if let bias { value += bias.lanes(at: index) }
        out.store(value, at: index)
      } tail: { index, count in
        var value = (p.partialLanes(at: index, count: count) - mu) * scale
        if let weight { value *= weight.partialLanes(at: index, count: count) }
        if let bias { value += bias.partialLanes(at: index, count: count) }
        out.storePartial(value, at: index, count: count)
      }
    }
  }
}

/// Rows whose weight and bias gradients are added up together: a constant, so that the sums have one order.
private let gradientBlock = 64

/// With x̂ = (x − μ)/σ and g = dy ∘ weight:
/// dx ← (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, dweight ← Σ dy ∘ x̂, dbias ← Σ dy over the rows.
func layerNormBackward(
  _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>,
  inverseDeviation: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
  dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, rows: Int, columns: Int,
  _ schedule: Schedule
) {
  let blocks = (rows + gradientBlock - 1) / gradientBlock
  let wantsSums = dWeight != nil || dBias != nil
  // Every block of rows has its own sums; they are added in order at the end.
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
      forEachVector(in: 0..<columns) { index in
        let dy = g.lanes(at: index)
        let normalized = (p.lanes(at: index) - mu) * scale
        if wantsSums {
          weightSum.store(multiplyAdd(dy, normalized, weightSum.lanes(at: index)), at: index)
          biasSum.store(biasSum.lanes(at: index) + dy, at: index)
        }
        let weighted = weight.map { dy * $0.lanes(at: index) } ?? dy
        gradientSum += weighted
        productSum = multiplyAdd(weighted, normalized, productSum)
      } tail: { index, count in
        let dy = g.partialLanes(at: index, count: count)
        let normalized = (p.partialLanes(at: index, count: count, padding: mu) - mu) * scale
        if wantsSums {
          let old = weightSum.partialLanes(at: index, count: count)
          weightSum.storePartial(multiplyAdd(dy, normalized, old), at: index, count: count)
          biasSum.storePartial(biasSum.partialLanes(at: index, count: count) + dy, at: index, count: count)
        }
        let weighted = weight.map { dy * $0.partialLanes(at: index, count: count) } ?? dy
        gradientSum += weighted
        productSum = multiplyAdd(weighted, normalized, productSum)
      }
      let gradientMean = share * horizontalSum(gradientSum)
      let productMean = share * horizontalSum(productSum)
      forEachVector(in: 0..<columns) { index in
        let dy = g.lanes(at: index)
        let normalized = (p.lanes(at: index) - mu) * scale
        let weighted = weight.map { dy * $0.lanes(at: index) } ?? dy
        out.store(multiplyAdd(-normalized, productMean, weighted - gradientMean) * scale, at: index)
      } tail: { index, count in
        let dy = g.partialLanes(at: index, count: count)
        let normalized = (p.partialLanes(at: index, count: count) - mu) * scale
        let weighted = weight.map { dy * $0.partialLanes(at: index, count: count) } ?? dy
        let value = multiplyAdd(-normalized, productMean, weighted - gradientMean) * scale
        out.storePartial(value, at: index, count: count)
      }
    }
  }
  for (target, offset) in [(dWeight, 0), (dBias, columns)] {
    guard let target else { continue }
    target.update(repeating: 0, count: columns)
    for block in 0..<blocks {
      addScaled(sums + 2 * block * columns + offset, target, scale: 1, count: columns, .serial)
    }
  }
}
