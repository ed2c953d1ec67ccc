// Products of a few rows with a transposed matrix, as in a linear layer on a few tokens: too few rows to repay packing B.
// Read first: VectorMatMul.swift. Read next: MirroredMatMul.swift.

import ApusKernelTypes

/// Up to this many rows of A are multiplied without packing. (On AVX-512, with a B of 3,072 × 768 that was packed first, four
/// rows took 0.91 ms and sixteen 1.22 ms; one row without packing took 0.11 ms. Nearly all of the time was packing.)
let skinnyRows = 16

/// C = A·Bᵀ (+ C): every element is the dot product of two rows, both contiguous.
func skinnyMatMul(_ p: MatMulArguments, _ schedule: Schedule) {
  // A tile is as much of B as takes about 10 µs to read, but at least 16 rows, and whole groups of four rows.
  let grain = max(16, (1 << 16) / p.k / 16 * 16)
  let tiles = (p.n + grain - 1) / grain
  runTiles(tiles, schedule) { tile, _ in
    let columns = tile * grain..<min(p.n, (tile + 1) * grain)
    for j in stride(from: columns.lowerBound, to: columns.upperBound, by: 4) {
      // Four rows of B stay in the first-level cache while all rows of A are multiplied with them, two at a time.
      for i in stride(from: 0, to: p.m, by: 2) {
        dotTile(p, row: i, rows: min(2, p.m - i), column: j, columns: min(4, columns.upperBound - j))
      }
    }
    finish(p, rows: 0..<p.m, columns: columns)
  }
  sumColumns(p)
}

/// Two rows of A times four rows of B: six loads for eight multiply–adds. The last row stands in for missing rows, whose results
/// are dropped.
private func dotTile(_ p: MatMulArguments, row: Int, rows: Int, column: Int, columns: Int) {
  let x0 = p.a.elements + row * p.a.rowStride
  let x1 = x0 + (rows - 1) * p.a.rowStride
  let w0 = p.b.elements + column * p.b.rowStride
  let (w1, w2) = (w0 + min(1, columns - 1) * p.b.rowStride, w0 + min(2, columns - 1) * p.b.rowStride)
  let w3 = w0 + (columns - 1) * p.b.rowStride
  var (a0, a1, a2, a3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  var (b0, b1, b2, b3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
  @inline(__always) func add(_ x: Lanes, _ y: Lanes, _ v0: Lanes, _ v1: Lanes, _ v2: Lanes, _ v3: Lanes) {
    a0 = multiplyAdd(x, v0, a0)
    b0 = multiplyAdd(y, v0, b0)
    a1 = multiplyAdd(x, v1, a1)
    b1 = multiplyAdd(y, v1, b1)
    a2 = multiplyAdd(x, v2, a2)
    b2 = multiplyAdd(y, v2, b2)
    a3 = multiplyAdd(x, v3, a3)
    b3 = multiplyAdd(y, v3, b3)
  }
  var k = 0
  while k + laneCount <= p.k {
    add(x0.lanes(at: k), x1.lanes(at: k), w0.lanes(at: k), w1.lanes(at: k), w2.lanes(at: k), w3.lanes(at: k))
    k += laneCount
  }
  if k < p.k {
    let left = p.k - k
    add(
      x0.partialLanes(at: k, count: left), x1.partialLanes(at: k, count: left), w0.partialLanes(at: k, count: left),
      w1.partialLanes(at: k, count: left), w2.partialLanes(at: k, count: left), w3.partialLanes(at: k, count: left))
  }
  @inline(__always) func put(_ a: Lanes, _ b: Lanes, _ index: Int) {
    guard index < columns else { return }
    let c = p.c + row * p.cRowStride + column + index
    let value = horizontalSum(a)
    c[0] = p.accumulates ? c[0] + value : value
    guard rows > 1 else { return }
    let second = horizontalSum(b)
    c[p.cRowStride] = p.accumulates ? c[p.cRowStride] + second : second
  }
  put(a0, b0, 0)
  put(a1, b1, 1)
  put(a2, b2, 2)
  put(a3, b3, 3)
}
