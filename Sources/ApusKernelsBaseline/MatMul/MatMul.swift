// The entry of the matrix product: chooses the vector, the skinny, the mirrored or the blocked path by the sizes, and
// distributes batches over the workers. Read first: ApusKernelsReference/ReferenceMatMul.swift.
// Read next: BlockedMatMul.swift, VectorMatMul.swift, SkinnyMatMul.swift, MirroredMatMul.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// C ← act(A·B + bias) ∘ factors or C ← C + A·B for every matrix of a batch.
  package static func matMul(_ p: MatMulArguments, _ schedule: Schedule) {
    guard p.m > 0, p.n > 0, p.batch > 0 else {
      sumColumns(p)
      return
    }
    if p.k == 0 {
      emptySum(p)
    } else if p.batch == 1 {
      matMulOne(p, schedule)
    } else if p.m * p.n * p.k < 8 * serialBelow {
      // Small matrices: a tile is one or more whole products.
      let group = max(1, serialBelow / max(1, p.m * p.n * p.k))
      let tiles = (p.batch + group - 1) / group
      runTiles(tiles, schedule) { tile, _ in
        for index in tile * group..<min(p.batch, (tile + 1) * group) { matMulOne(p.matrix(index), .serial) }
      }
    } else {
      for index in 0..<p.batch { matMulOne(p.matrix(index), schedule) }
    }
  }
}

private func matMulOne(_ p: MatMulArguments, _ schedule: Schedule) {
  if p.m == 1 {
    vectorMatMul(p, schedule)
    sumColumns(p)
  } else if p.n == 1 {
    matMulVector(p, schedule)
    sumColumns(p)
  } else if p.m <= skinnyRows && p.b.isTransposed && !p.a.isTransposed && p.k >= laneCount {
    skinnyMatMul(p, schedule)
  } else if p.m * p.n * p.k >= serialBelow && prefersMirror(p) {
    mirroredMatMul(p, schedule)
  } else {
    blockedMatMul(p, schedule)
  }
}

/// The product for k = 0: sums without terms are zero.
private func emptySum(_ p: MatMulArguments) {
  for index in 0..<p.batch {
    let part = p.matrix(index)
    if !p.accumulates {
      for row in 0..<p.m { (part.c + row * p.cRowStride).update(repeating: 0, count: p.n) }
    }
    finish(part, rows: 0..<p.m, columns: 0..<p.n)
    sumColumns(part)
  }
}

extension MatMulArguments {
  /// The product of matrix `index` of the batch.
  fileprivate func matrix(_ index: Int) -> MatMulArguments {
    var one = self
    one.batch = 1
    one.a.elements += index * a.batchStride
    one.b.elements += index * b.batchStride
    assert(b.panels == nil || b.batchStride == 0, "panels of a single matrix for several matrices")
    one.c += index * cBatchStride
    one.slopes = slopes.map { $0 + index * cBatchStride }
    one.factors = factors.map { $0 + index * cBatchStride }
    return one
  }
}
