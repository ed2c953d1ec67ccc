// Products of a matrix and a vector. Every element of the matrix is used once, so their time is the time to read it.
// Decoding of a language model mainly consists of them. Read first: MatMul.swift, which chooses. Read next: SkinnyMatMul.swift.

import ApusKernelTypes

/// Floats of the matrix in one tile, which take about 10 µs to read.
private let tileFloats = 1 << 16

/// y = x·B (+ y) for m = 1.
func vectorMatMul(_ p: MatMulArguments, _ schedule: Schedule) {
  // A is one row; if stored transposed, its elements are rowStride apart.
  let x = contiguous(p.a.elements, count: p.k, stride: p.a.isTransposed ? p.a.rowStride : 1)
  defer { x.copy?.free() }
  let grain = max(64, tileFloats / p.k / 64 * 64)
  let tiles = (p.n + grain - 1) / grain
  runTiles(tiles, schedule) { tile, _ in
    let columns = tile * grain..<min(p.n, (tile + 1) * grain)
    if p.b.isTransposed {
      dotRows(
        x.elements, p.b.elements + columns.lowerBound * p.b.rowStride, stride: p.b.rowStride, count: columns.count,
        steps: p.k, into: p.c + columns.lowerBound, yStride: 1, accumulates: p.accumulates)
    } else {
      combineRows(
        x.elements, p.b.elements + columns.lowerBound, stride: p.b.rowStride, columns: columns.count, steps: p.k,
        into: p.c + columns.lowerBound, accumulates: p.accumulates)
    }
    finish(p, rows: 0..<1, columns: columns)
  }
}

/// y = A·x (+ y) for n = 1.
func matMulVector(_ p: MatMulArguments, _ schedule: Schedule) {
  let x = contiguous(p.b.elements, count: p.k, stride: p.b.isTransposed ? 1 : p.b.rowStride)
  defer { x.copy?.free() }
  if p.a.isTransposed {
    // Aᵀ is stored as k rows of m elements. The result is computed as a row, then copied into the column.
    let row = ScratchBuffer(count: p.m)
    defer { row.free() }
    let y = row.pointer
    let grain = max(64, tileFloats / p.k / 64 * 64)
    let tiles = (p.m + grain - 1) / grain
    runTiles(tiles, schedule) { tile, _ in
      let rows = tile * grain..<min(p.m, (tile + 1) * grain)
      combineRows(
        x.elements, p.a.elements + rows.lowerBound, stride: p.a.rowStride, columns: rows.count, steps: p.k,
        into: y + rows.lowerBound, accumulates: false)
      for i in rows { p.c[i * p.cRowStride] = p.accumulates ? p.c[i * p.cRowStride] + y[i] : y[i] }
      finish(p, rows: rows, columns: 0..<1)
    }
    return
  }
  let grain = max(16, tileFloats / p.k / 16 * 16)
  let tiles = (p.m + grain - 1) / grain
  runTiles(tiles, schedule) { tile, _ in
    let rows = tile * grain..<min(p.m, (tile + 1) * grain)
    dotRows(
      x.elements, p.a.elements + rows.lowerBound * p.a.rowStride, stride: p.a.rowStride, count: rows.count, steps: p.k,
      into: p.c + rows.lowerBound * p.cRowStride, yStride: p.cRowStride, accumulates: p.accumulates)
    finish(p, rows: rows, columns: 0..<1)
  }
}

/// y[j] = Σ x[k]·w[j · stride + k].
///
/// Long rows are read one after the other: their time is spent waiting for memory, and the processor prefetches a single stream
/// best. Short rows are read four at a time, to share the loads of x and to overlap the latencies of their sums.
func dotRows(
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, stride: Int, count: Int, steps: Int,
  into y: UnsafeMutablePointer<Float>, yStride: Int, accumulates: Bool
) {
  guard steps >= 16 * laneCount else {
    dotShortRows(x, w, stride: stride, count: count, steps: steps, into: y, yStride: yStride, accumulates: accumulates)
    return
  }
  for j in 0..<count {
    let row = w + j * stride
    var (a, b, c, d) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var k = 0
    while k + 4 * laneCount <= steps {
      a = multiplyAdd(x.lanes(at: k), row.lanes(at: k), a)
      b = multiplyAdd(x.lanes(at: k + laneCount), row.lanes(at: k + laneCount), b)
      c = multiplyAdd(x.lanes(at: k + 2 * laneCount), row.lanes(at: k + 2 * laneCount), c)
      d = multiplyAdd(x.lanes(at: k + 3 * laneCount), row.lanes(at: k + 3 * laneCount), d)
      k += 4 * laneCount
    }
    while k + laneCount <= steps {
      a = multiplyAdd(x.lanes(at: k), row.lanes(at: k), a)
      k += laneCount
    }
    if k < steps {
      b = multiplyAdd(x.partialLanes(at: k, count: steps - k), row.partialLanes(at: k, count: steps - k), b)
    }
    let value = horizontalSum((a + b) + (c + d))
    y[j * yStride] = accumulates ? y[j * yStride] + value : value
  }
}

/// The same for short rows.
private func dotShortRows(
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, stride: Int, count: Int, steps: Int,
  into y: UnsafeMutablePointer<Float>, yStride: Int, accumulates: Bool
) {
  @inline(__always) func put(_ value: Float, _ j: Int) {
    y[j * yStride] = accumulates ? y[j * yStride] + value : value
  }
  var j = 0
  while j < count {
    // In a short last group the last row stands in for the missing ones. A row's sum is the same in any group.
    let (w0, w1) = (w + j * stride, w + min(j + 1, count - 1) * stride)
    let (w2, w3) = (w + min(j + 2, count - 1) * stride, w + min(j + 3, count - 1) * stride)
    var (a0, a1, a2, a3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var (b0, b1, b2, b3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    var k = 0
    while k + 2 * laneCount <= steps {
      let (x0, x1) = (x.lanes(at: k), x.lanes(at: k + laneCount))
      a0 = multiplyAdd(x0, w0.lanes(at: k), a0)
      b0 = multiplyAdd(x1, w0.lanes(at: k + laneCount), b0)
      a1 = multiplyAdd(x0, w1.lanes(at: k), a1)
      b1 = multiplyAdd(x1, w1.lanes(at: k + laneCount), b1)
      a2 = multiplyAdd(x0, w2.lanes(at: k), a2)
      b2 = multiplyAdd(x1, w2.lanes(at: k + laneCount), b2)
      a3 = multiplyAdd(x0, w3.lanes(at: k), a3)
      b3 = multiplyAdd(x1, w3.lanes(at: k + laneCount), b3)
      k += 2 * laneCount
    }
    while k < steps {
      let (start, left) = (k, min(laneCount, steps - k))
      // Without calls: an attention head of eight features consists only of such an end.
      @inline(__always) func end(_ row: UnsafePointer<Float>) -> Lanes {
        left == laneCount ? row.lanes(at: start) : row.inlinedPartialLanes(at: start, count: left)
      }
      let xk = end(x)
      a0 = multiplyAdd(xk, end(w0), a0)
      a1 = multiplyAdd(xk, end(w1), a1)
      a2 = multiplyAdd(xk, end(w2), a2)
      a3 = multiplyAdd(xk, end(w3), a3)
      k += laneCount
    }
    put(horizontalSum(a0 + b0), j)
    if j + 1 < count { put(horizontalSum(a1 + b1), j + 1) }
    if j + 2 < count { put(horizontalSum(a2 + b2), j + 2) }
    if j + 3 < count { put(horizontalSum(a3 + b3), j + 3) }
    j += 4
  }
}

/// y = Σ x[k]·(row k of w), four rows at a time, so that y is read and written once for four rows.
func combineRows(
  _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, stride: Int, columns: Int, steps: Int,
  into y: UnsafeMutablePointer<Float>, accumulates: Bool
) {
  if !accumulates { y.update(repeating: 0, count: columns) }
  var k = 0
  while k + 4 <= steps {
    let (w0, w1, w2, w3) = (w + k * stride, w + (k + 1) * stride, w + (k + 2) * stride, w + (k + 3) * stride)
    let (x0, x1, x2, x3) = (x[k], x[k + 1], x[k + 2], x[k + 3])
    forEachVector(in: 0..<columns) { j in
      var sum = multiplyAdd(w0.lanes(at: j), x0, y.lanes(at: j))
      sum = multiplyAdd(w1.lanes(at: j), x1, sum)
      sum = multiplyAdd(w2.lanes(at: j), x2, sum)
      y.store(multiplyAdd(w3.lanes(at: j), x3, sum), at: j)
    } tail: { j, count in
      @inline(__always) func end(_ row: UnsafePointer<Float>) -> Lanes {
        row.inlinedPartialLanes(at: j, count: count)
      }
      var sum = multiplyAdd(end(w0), x0, end(UnsafePointer(y)))
      sum = multiplyAdd(end(w1), x1, sum)
      sum = multiplyAdd(end(w2), x2, sum)
      y.storePartial(multiplyAdd(end(w3), x3, sum), at: j, count: count)
    }
    k += 4
  }
  while k < steps {
    let (row, xk) = (w + k * stride, x[k])
    forEachVector(in: 0..<columns) { j in
      y.store(multiplyAdd(row.lanes(at: j), xk, y.lanes(at: j)), at: j)
    } tail: { j, count in
      let sum = multiplyAdd(row.partialLanes(at: j, count: count), xk, y.partialLanes(at: j, count: count))
      y.storePartial(sum, at: j, count: count)
    }
    k += 1
  }
}

/// A vector with contiguous elements: the source itself, or a copy in scratch memory.
private func contiguous(
  _ source: UnsafePointer<Float>, count: Int, stride: Int
) -> (elements: UnsafePointer<Float>, copy: ScratchBuffer?) {
  if stride == 1 || count == 1 { return (source, nil) }
  let buffer = ScratchBuffer(count: count)
  for i in 0..<count { buffer.pointer[i] = source[i * stride] }
  return (UnsafePointer(buffer.pointer), buffer)
}
