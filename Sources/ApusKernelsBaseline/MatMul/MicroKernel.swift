// The micro-kernel: a tile of a few rows of C stays in vector registers while the loop over k reads A and B.
// These are the hottest lines of the package. Read first: ApusKernelsReference/ReferenceMatMul.swift. Read next: Packing.swift.

import ApusKernelTypes

// The tile's height and greatest width. The larger the tile, the more multiply–adds each loaded element of A and B serves; so
// the accumulators fill the registers, except for those of B's vectors and of A's element:
//
//   AVX-512  8 × 3 vectors = 24 accumulators + 3 of B + 1 of A of 32 registers; 11 loads for 24 multiply–adds
//   AVX2     6 × 2 vectors = 12 accumulators + 2 of B + 1 of A of 16 registers;  8 loads for 12
//   SSE2     4 × 2 vectors =  8 accumulators + 2 of B + 1 of A + 1 product of 16
//   NEON     8 × 2 vectors = 16 accumulators + 2 of B + 1 of A of 32

#if APUS_AVX512
  @inline(__always) var tileRows: Int { 8 }
  @inline(__always) var tileVectors: Int { 3 }
#elseif APUS_AVX2
  @inline(__always) var tileRows: Int { 6 }
  @inline(__always) var tileVectors: Int { 2 }
#elseif arch(arm64)
  @inline(__always) var tileRows: Int { 8 }
  @inline(__always) var tileVectors: Int { 2 }
#else
  @inline(__always) var tileRows: Int { 4 }
  @inline(__always) var tileVectors: Int { 2 }
#endif

/// One row of the tile. It is not an array, so that its vectors become registers; and a tuple rather than a structure, which
/// would bring helper functions whose names the modules of the other instruction sets share.
private typealias TileRow = (v0: Lanes, v1: Lanes, v2: Lanes)

@inline(__always)
private var zeroRow: TileRow { (.zero, .zero, .zero) }

/// row += a · b for the first `vectors` vectors. `vectors` is a literal at every use, so the other branches disappear.
@inline(__always)
private func accumulate(_ row: inout TileRow, _ vectors: Int, _ a: Float, _ b: TileRow) {
  let a = Lanes(repeating: a)
  row.v0 = multiplyAdd(a, b.v0, row.v0)
  if vectors > 1 { row.v1 = multiplyAdd(a, b.v1, row.v1) }
  if vectors > 2 { row.v2 = multiplyAdd(a, b.v2, row.v2) }
}

@inline(__always)
private func loadRow(_ vectors: Int, _ p: UnsafePointer<Float>) -> TileRow {
  var row = zeroRow
  row.v0 = p.lanes(at: 0)
  if vectors > 1 { row.v1 = p.lanes(at: laneCount) }
  if vectors > 2 { row.v2 = p.lanes(at: 2 * laneCount) }
  return row
}

/// Writes a row to the first `columns` elements at `c`, or adds it to them.
@inline(__always)
private func storeRow(
  _ row: TileRow, _ vectors: Int, to c: UnsafeMutablePointer<Float>, columns: Int, accumulating: Bool
) {
  @inline(__always) func put(_ v: Lanes, _ index: Int) {
    c.store(accumulating ? c.lanes(at: index) + v : v, at: index)
  }
  // Only the last panel of a matrix can be ragged, and only in its last vector.
  let isFull = columns == vectors * laneCount
  if vectors > 1 { put(row.v0, 0) }
  if vectors > 2 { put(row.v1, laneCount) }
  let last = vectors == 1 ? row.v0 : vectors == 2 ? row.v1 : row.v2
  let start = (vectors - 1) * laneCount
  if isFull {
    put(last, start)
  } else {
    // Lane by lane: around a call to `storePartial`, all accumulators of the tile would be spilled from their registers.
    for lane in 0..<columns - start {
      c[start + lane] = accumulating ? c[start + lane] + last[lane] : last[lane]
    }
  }
}

/// C ← A·B or C ← C + A·B for one tile of `tileRows` × (`vectors` · laneCount), with `steps` terms in every sum.
///
/// All `tileRows` rows are always computed, since only a fixed shape keeps the accumulators in registers; rows after
/// `result.rows` are dropped. A packed left panel is padded to `tileRows` rows. In a strided one, the offsets of missing rows
/// repeat the last row, so that nothing outside the matrix is read.
@inline(__always)
private func multiplyTile(
  _ vectors: Int, isPacked: Bool, _ steps: Int, _ left: TileLeft, _ right: TileRight, _ result: TileResult
) {
  @inline(__always) func offset(_ row: Int) -> Int {
    isPacked ? row : min(row, result.rows - 1) * left.rowStride
  }
  let (o1, o2, o3, o4) = (offset(1), offset(2), offset(3), offset(4))
  let (o5, o6, o7) = (offset(5), offset(6), offset(7))
  var (r0, r1, r2, r3) = (zeroRow, zeroRow, zeroRow, zeroRow)
  var (r4, r5, r6, r7) = (zeroRow, zeroRow, zeroRow, zeroRow)
  var a = left.elements
  var b = right.elements
  for _ in 0..<steps {
    let row = loadRow(vectors, b)
    accumulate(&r0, vectors, a[0], row)
    accumulate(&r1, vectors, a[o1], row)
    accumulate(&r2, vectors, a[o2], row)
    accumulate(&r3, vectors, a[o3], row)
    if tileRows > 4 {
      accumulate(&r4, vectors, a[o4], row)
      accumulate(&r5, vectors, a[o5], row)
    }
    if tileRows > 6 {
      accumulate(&r6, vectors, a[o6], row)
      accumulate(&r7, vectors, a[o7], row)
    }
    a += isPacked ? tileRows : left.stepStride
    b += isPacked ? vectors * laneCount : right.stepStride
  }
  @inline(__always) func put(_ row: TileRow, _ index: Int) {
    guard index < result.rows else { return }
    storeRow(
      row, vectors, to: result.elements + index * result.rowStride, columns: result.columns,
      accumulating: result.accumulates)
  }
  put(r0, 0)
  put(r1, 1)
  put(r2, 2)
  put(r3, 3)
  if tileRows > 4 {
    put(r4, 4)
    put(r5, 5)
  }
  if tileRows > 6 {
    put(r6, 6)
    put(r7, 7)
  }
}

// Each width has its own machine code, once for strided operands and once for packed ones, whose constant strides become part
// of the instructions.

@inline(never)
private func packedTile1(_ steps: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: TileResult) {
  multiplyTile(1, isPacked: true, steps, packedLeft(a), packedRight(b), c)
}

@inline(never)
private func packedTile2(_ steps: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: TileResult) {
  multiplyTile(2, isPacked: true, steps, packedLeft(a), packedRight(b), c)
}

@inline(never)
private func stridedTile1(_ steps: Int, _ a: TileLeft, _ b: TileRight, _ c: TileResult) {
  multiplyTile(1, isPacked: false, steps, a, b, c)
}

@inline(never)
private func stridedTile2(_ steps: Int, _ a: TileLeft, _ b: TileRight, _ c: TileResult) {
  multiplyTile(2, isPacked: false, steps, a, b, c)
}

#if APUS_AVX512
  @inline(never)
  private func packedTile3(_ steps: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: TileResult) {
    multiplyTile(3, isPacked: true, steps, packedLeft(a), packedRight(b), c)
  }

  @inline(never)
  private func stridedTile3(_ steps: Int, _ a: TileLeft, _ b: TileRight, _ c: TileResult) {
    multiplyTile(3, isPacked: false, steps, a, b, c)
  }
#endif

/// A left operand. (A call converts a mutable pointer; a tuple would not.)
@inline(__always)
func tileLeft(_ elements: UnsafePointer<Float>, rowStride: Int, stepStride: Int) -> TileLeft {
  (elements, rowStride, stepStride)
}

@inline(__always)
private func packedLeft(_ a: UnsafePointer<Float>) -> TileLeft {
  tileLeft(a, rowStride: 1, stepStride: tileRows)
}

@inline(__always)
private func packedRight(_ b: UnsafePointer<Float>) -> TileRight {
  (elements: b, stepStride: 0)  // known from the width
}

/// Multiplies a packed panel of A by a packed panel of B, which is `vectors` vectors wide.
@inline(__always)
func multiplyPackedTile(
  vectors: Int, steps: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: TileResult
) {
  switch vectors {
  case 1: packedTile1(steps, a, b, c)
  case 2: packedTile2(steps, a, b, c)
  default:
    #if APUS_AVX512
      packedTile3(steps, a, b, c)
    #else
      assertionFailure("a panel of \(vectors) vectors")
    #endif
  }
}

/// Multiplies operands with any strides.
@inline(__always)
func multiplyStridedTile(vectors: Int, steps: Int, _ a: TileLeft, _ b: TileRight, _ c: TileResult) {
  switch vectors {
  case 1: stridedTile1(steps, a, b, c)
  case 2: stridedTile2(steps, a, b, c)
  default:
    #if APUS_AVX512
      stridedTile3(steps, a, b, c)
    #else
      assertionFailure("a panel of \(vectors) vectors")
    #endif
  }
}
