// Normalization by the root mean square (Zhang, Sennrich, arXiv:1910.07467): the forward, which keeps 1/ρ, and the backward.
// Read first: ApusKernelsReference/ReferenceRMSNorm.swift. Read next: GroupNorm.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// y ← x/ρ · weight for every row of x [rows, columns], with ρ² = mean x² + epsilon.
  package static func rmsNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, epsilon: Float, _ y: UnsafeMutablePointer<Float>,
    inverseRoot: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ schedule: Schedule
  ) {
    let share = 1 / Float(columns)
    forEachRowChunk(rows: rows, width: columns, elements: 8_192, schedule) { range in
      for row in range {
        let (p, out) = (x + row * columns, y + row * columns)
        @inline(__always) func square(_ index: Int, _ count: Int) -> Lanes {
          squared(p.lanes(at: index, count: count))
        }
        let scale = 1 / (share * sum(columns, of: square) + epsilon).squareRoot()
        inverseRoot[row] = scale
        @inline(__always) func normalize(_ index: Int, _ count: Int) {
          var value = p.lanes(at: index, count: count) * scale
          if let weight { value *= weight.lanes(at: index, count: count) }
          out.store(value, at: index, count: count)
        }
        forEachVector(of: columns, normalize)
      }
    }
  }
}

/// Rows whose weight gradients are summed together; a constant, so that the order of additions is fixed.
private let gradientBlock = 64

extension SIMDKernels {
  /// With x̂ = x/ρ and g = dy ∘ weight: dx ← (g − x̂ ∘ mean(g ∘ x̂)) / ρ, dweight ← Σ dy ∘ x̂ over the rows.
  package static func rmsNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, inverseRoot: UnsafePointer<Float>,
    _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, dWeight: UnsafeMutablePointer<Float>?, rows: Int,
    columns: Int, _ schedule: Schedule
  ) {
    let blocks = (rows + gradientBlock - 1) / gradientBlock
    let wantsSums = dWeight != nil
    // Every block of rows has its own sums, which are added in order at the end.
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
        @inline(__always) func weighted(_ index: Int, _ count: Int) -> Lanes {
          let dy = g.lanes(at: index, count: count)
          guard let weight else { return dy }
          return dy * weight.lanes(at: index, count: count)
        }
        @inline(__always) func addUp(_ index: Int, _ count: Int) {
          let normalized = p.lanes(at: index, count: count) * scale
          if wantsSums {
            let old = weightSum.lanes(at: index, count: count)
            weightSum.store(multiplyAdd(g.lanes(at: index, count: count), normalized, old), at: index, count: count)
          }
          productSum = multiplyAdd(weighted(index, count), normalized, productSum)
        }
        forEachVector(of: columns, addUp)
        let productMean = share * horizontalSum(productSum)
        @inline(__always) func combine(_ index: Int, _ count: Int) {
          let value = multiplyAdd(p.lanes(at: index, count: count) * -scale, productMean, weighted(index, count))
          out.store(value * scale, at: index, count: count)
        }
        forEachVector(of: columns, combine)
      }
    }
    guard let dWeight else { return }
    dWeight.update(repeating: 0, count: columns)
    for block in 0..<blocks { addScaled(sums + block * columns, to: dWeight, scale: 1, count: columns, .serial) }
  }
}
