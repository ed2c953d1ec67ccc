// + − × ÷, powers, the larger or smaller of two, and comparisons, with either operand broadcast along rows or columns; scaling and adding.
// Read next: ApusTensor/Ops/Arithmetic.swift, which reduces any broadcast to these cases.

import ApusKernelTypes

@inline(__always)
private func value(_ operation: BinaryOperation, _ a: Lanes, _ b: Lanes) -> Lanes {
  switch operation {
  case .add: return a + b
  case .subtract: return a - b
  case .multiply: return a * b
  case .divide: return a / b
  case .maximum: return maximum(a, b)
  case .minimum: return minimum(a, b)
  case .power: return power(a, b)
  case .equal: return Lanes.zero.replacing(with: 1, where: a .== b)
  case .notEqual: return Lanes.zero.replacing(with: 1, where: a .!= b)
  case .less: return Lanes.zero.replacing(with: 1, where: a .< b)
  case .lessEqual: return Lanes.zero.replacing(with: 1, where: a .<= b)
  }
}

/// One row of c = f(a, b); an operand whose column stride is 0 is one number.
@inline(__always)
private func row(
  _ operation: BinaryOperation, _ a: UnsafePointer<Float>, isRow aIsRow: Bool, _ b: UnsafePointer<Float>,
  isRow bIsRow: Bool, _ c: UnsafeMutablePointer<Float>, count: Int
) {
  @inline(__always) func loop(
    _ left: (Int) -> Lanes, _ leftTail: (Int, Int) -> Lanes, _ right: (Int) -> Lanes, _ rightTail: (Int, Int) -> Lanes
  ) {
    forEachVector(in: 0..<count) { index in
      c.store(value(operation, left(index), right(index)), at: index)
    } tail: { index, count in
      c.storePartial(value(operation, leftTail(index, count), rightTail(index, count)), at: index, count: count)
    }
  }
  if aIsRow && bIsRow {
    loop(
      { a.lanes(at: $0) }, { a.partialLanes(at: $0, count: $1, padding: 1) }, { b.lanes(at: $0) },
      { b.partialLanes(at: $0, count: $1, padding: 1) })
  } else if aIsRow {
    let number = Lanes(repeating: b[0])
    loop({ a.lanes(at: $0) }, { a.partialLanes(at: $0, count: $1) }, { _ in number }, { _, _ in number })
  } else if bIsRow {
    let number = Lanes(repeating: a[0])
    loop(
      { _ in number }, { _, _ in number }, { b.lanes(at: $0) }, { b.partialLanes(at: $0, count: $1, padding: 1) })
  } else {
    let result = value(operation, Lanes(repeating: a[0]), Lanes(repeating: b[0]))
    forEachVector(in: 0..<count) {
      c.store(result, at: $0)
    } tail: {
      c.storePartial(result, at: $0, count: $1)
    }
  }
}

/// c[r, j] ← f(a[r · aStride + (j or 0)], b[r · bStride + (j or 0)]); c is contiguous and may be a or b.
func binary(
  _ operation: BinaryOperation, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>,
  rows: Int, columns: Int, _ schedule: Schedule
) {
  if rows == 1 {
    // One long row: cut along its columns.
    forEachChunk(of: columns, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      binaryRows(
        operation, a.advanced(by: start), b.advanced(by: start), c + start, rows: 0..<1, columns: range.count)
    }
  } else {
    forEachRowChunk(rows: rows, width: columns, schedule) { range in
      binaryRows(operation, a, b, c, rows: range, columns: columns)
    }
  }
}

private func binaryRows(
  _ operation: BinaryOperation, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>,
  rows: Range<Int>, columns: Int
) {
  @inline(__always) func loop(_ operation: BinaryOperation) {
    for r in rows {
      row(
        operation, a.elements + r * a.rowStride, isRow: a.isRow, b.elements + r * b.rowStride, isRow: b.isRow,
        c + r * columns, count: columns)
    }
  }
  switch operation {
  case .add: loop(.add)
  case .subtract: loop(.subtract)
  case .multiply: loop(.multiply)
  case .divide: loop(.divide)
  case .maximum: loop(.maximum)
  case .minimum: loop(.minimum)
  case .power: loop(.power)
  case .equal: loop(.equal)
  case .notEqual: loop(.notEqual)
  case .less: loop(.less)
  case .lessEqual: loop(.lessEqual)
  }
}

/// y ← scale · x + offset; x and y may be the same.
func affine(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, scale: Float, offset: Float, count: Int,
  _ schedule: Schedule
) {
  let shift = Lanes(repeating: offset)
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    forEachVector(in: range) { index in
      y.store(multiplyAdd(x.lanes(at: index), scale, shift), at: index)
    } tail: { index, count in
      y.storePartial(multiplyAdd(x.partialLanes(at: index, count: count), scale, shift), at: index, count: count)
    }
  }
}

/// y ← y + scale · x
func addScaled(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, scale: Float, count: Int, _ schedule: Schedule
) {
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    forEachVector(in: range) { index in
      y.store(multiplyAdd(x.lanes(at: index), scale, y.lanes(at: index)), at: index)
    } tail: { index, count in
      let (a, b) = (x.partialLanes(at: index, count: count), y.partialLanes(at: index, count: count))
      y.storePartial(multiplyAdd(a, scale, b), at: index, count: count)
    }
  }
}
