// Normalization by the root of the mean square (Zhang, Sennrich, arXiv:1910.07467): forward, which keeps 1/ρ, and
// backward. Read first: ApusKernelsReference/ReferenceRMSNorm.swift. Read next: GroupNorm.swift.

import ApusKernelTypes

/// The kernels of this subject.
func makeNormalizationKernels() -> NormalizationKernels {
  NormalizationKernels(
    rmsNorm: { rmsNorm($0, weight: $1, epsilon: $2, $3, inverseRoot: $4, rows: $5, columns: $6, $7) },
    rmsNormBackward: {
      rmsNormBackward($0, weight: $1, inverseRoot: $2, $3, $4, dWeight: $5, rows: $6, columns: $7, $8)
    },
    groupNorm: {
      groupNorm($0, weight: $1, bias: $2, epsilon: $3, $4, mean: $5, inverseDeviation: $6, $7, $8)
    },
    groupNormBackward: {
      groupNormBackward($0, weight: $1, mean: $2, inverseDeviation: $3, $4, $5, dWeight: $6, dBias: $7, $8, $9)
    }
  )
}

/// y ← x/ρ · weight for every row of x [rows, columns], with ρ² = mean x² + epsilon.
func rmsNorm(
  _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, epsilon: Float, _ y: UnsafeMutablePointer<Float>,
  inverseRoot: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule
) {
  let share = 1 / Float(columns)
  forEachRowChunk(rows: rows, width: columns, elements: 8_192, schedule) { range in
    for row in range {
      let (p, out) = (x + row * columns, y + row * columns)
      let meanSquare =
        share
        * sum(
          columns, of: { squared(p.lanes(at: $0)) }, tail: { squared(p.partialLanes(at: $0, count: $1)) })
      let scale = 1 / (meanSquare + epsilon).squareRoot()
      inverseRoot[row] = scale
      forEachVector(in: 0..<columns) { index in
        var value = p.lanes(at: index) * scale
        if let weight { value *= weight.lanes(at: index) }
        out.store(value, at: index)
      } tail: { index, count in
        var value = p.partialLanes(at: index, count: count) * scale
        if let weight { value *= weight.partialLanes(at: index, count: count) }
        out.storePartial(value, at: index, count: count)
      }
    }
  }
}

/// Rows whose weight gradients are added up together: a constant, so that the sums have one order.
private let gradientBlock = 64

/// With x̂ = x/ρ and g = dy ∘ weight: dx ← (g − x̂ ∘ mean(g ∘ x̂)) / ρ, dweight ← Σ dy ∘ x̂ over the rows.
func rmsNormBackward(
  _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, inverseRoot: UnsafePointer<Float>,
  _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, dWeight: UnsafeMutablePointer<Float>?, rows: Int,
  columns: Int, _ schedule: Schedule
) {
  let blocks = (rows + gradientBlock - 1) / gradientBlock
  let wantsSums = dWeight != nil
  // Every block of rows has its own sums; they are added in order at the end.
  let scratch = ScratchBuffer(count: wantsSums ? blocks * columns : 0)
  defer { scratch.free() }
  let sums = scratch.pointer
  let share = 1 / Float(columns)
  forEachChunk(of: rows, grain: gradientBlock, schedule) { range in
    let weightSum = sums + (range.lowerBound / gradientBlock) * columns
    if wantsSums { weightSum.update(repeating: 0, count: columns) }
    for row in range {
      let (p, g, out) = (x + row * columns, dy + row * columns, dx + row * columns)
      let scale = inverseRoot[row]
      var productSum = Lanes.zero
      forEachVector(in: 0..<columns) { index in
        let dy = g.lanes(at: index)
        let normalized = p.lanes(at: index) * scale
        if wantsSums { weightSum.store(multiplyAdd(dy, normalized, weightSum.lanes(at: index)), at: index) }
        let weighted = weight.map { dy * $0.lanes(at: index) } ?? dy
        productSum = multiplyAdd(weighted, normalized, productSum)
      } tail: { index, count in
        let dy = g.partialLanes(at: index, count: count)
        let normalized = p.partialLanes(at: index, count: count) * scale
        if wantsSums {
          let old = weightSum.partialLanes(at: index, count: count)
          weightSum.storePartial(multiplyAdd(dy, normalized, old), at: index, count: count)
        }
        let weighted = weight.map { dy * $0.partialLanes(at: index, count: count) } ?? dy
        productSum = multiplyAdd(weighted, normalized, productSum)
      }
      let productMean = share * horizontalSum(productSum)
      forEachVector(in: 0..<columns) { index in
        let dy = g.lanes(at: index)
        let weighted = weight.map { dy * $0.lanes(at: index) } ?? dy
        out.store(multiplyAdd(p.lanes(at: index) * -scale, productMean, weighted) * scale, at: index)
      } tail: { index, count in
        let dy = g.partialLanes(at: index, count: count)
        let weighted = weight.map { dy * $0.partialLanes(at: index, count: count) } ?? dy
        let value = multiplyAdd(p.partialLanes(at: index, count: count) * -scale, productMean, weighted) * scale
        out.storePartial(value, at: index, count: count)
      }
    }
  }
  guard let dWeight else { return }
  dWeight.update(repeating: 0, count: columns)
  for block in 0..<blocks { addScaled(sums + block * columns, dWeight, scale: 1, count: columns, .serial) }
}
