// + − × ÷, powers, the larger or smaller of two, and comparisons, with either operand broadcast along rows or columns; scaling and adding.
// Read next: ApusTensor/Ops/Arithmetic.swift, which reduces any broadcast to these cases.

import ApusKernelTypes

/// A function of two variables, on lanes. The loop below is compiled once for each, so that the function is part of the loop.
private protocol BinaryFunction {
  static func value(_ a: Lanes, _ b: Lanes) -> Lanes
}

private enum Sum: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { a + b }
}

private enum Difference: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { a - b }
}

private enum Product: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { a * b }
}

private enum Quotient: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { a / b }
}

private enum Larger: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { maximum(a, b) }
}

private enum Smaller: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { minimum(a, b) }
}

private enum Power: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { power(a, b) }
}

private enum Equality: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes.zero.replacing(with: 1, where: a .== b) }
}

private enum Inequality: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes.zero.replacing(with: 1, where: a .!= b) }
}

private enum Less: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes.zero.replacing(with: 1, where: a .< b) }
}

private enum LessOrEqual: BinaryFunction {
  @inline(__always) static func value(_ a: Lanes, _ b: Lanes) -> Lanes { Lanes.zero.replacing(with: 1, where: a .<= b) }
}

/// Rows of c = f(a, b); an operand whose column stride is 0 is one number a row.
@inline(never)
private func binaryRows<F: BinaryFunction>(
  _ function: F.Type, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>, rows: Range<Int>,
  columns: Int
) {
  guard columns > 0 else { return }
  for r in rows {
    let (p, q, out) = (a.elements + r * a.rowStride, b.elements + r * b.rowStride, c + r * columns)
    // Behind the end stand ones: no quotient or power of them is out of the ordinary.
    @inline(__always) func both(_ index: Int, _ count: Int) {
      let value = F.value(
        p.lanes(at: index, count: count, padding: 1), q.lanes(at: index, count: count, padding: 1))
      out.store(value, at: index, count: count)
    }
    if a.isRow && b.isRow {
      forEachVector(of: columns, both)
      continue
    }
    let (left, right) = (Lanes(repeating: p[0]), Lanes(repeating: q[0]))
    @inline(__always) func leftRow(_ index: Int, _ count: Int) {
      out.store(F.value(p.lanes(at: index, count: count, padding: 1), right), at: index, count: count)
    }
    @inline(__always) func rightRow(_ index: Int, _ count: Int) {
      out.store(F.value(left, q.lanes(at: index, count: count, padding: 1)), at: index, count: count)
    }
    if a.isRow {
      forEachVector(of: columns, leftRow)
    } else if b.isRow {
      forEachVector(of: columns, rightRow)
    } else {
      let value = F.value(left, right)
      @inline(__always) func repeated(_ index: Int, _ count: Int) { out.store(value, at: index, count: count) }
      forEachVector(of: columns, repeated)
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
  @inline(__always) func loop<F: BinaryFunction>(_ function: F.Type) {
    binaryRows(function, a, b, c, rows: rows, columns: columns)
  }
  switch operation {
  case .add: loop(Sum.self)
  case .subtract: loop(Difference.self)
  case .multiply: loop(Product.self)
  case .divide: loop(Quotient.self)
  case .maximum: loop(Larger.self)
  case .minimum: loop(Smaller.self)
  case .power: loop(Power.self)
  case .equal: loop(Equality.self)
  case .notEqual: loop(Inequality.self)
  case .less: loop(Less.self)
  case .lessEqual: loop(LessOrEqual.self)
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

/// y ← y + x on one worker.
func addRow(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
  @inline(__always) func addVector(_ index: Int, _ count: Int) {
    y.store(y.lanes(at: index, count: count) + x.lanes(at: index, count: count), at: index, count: count)
  }
  forEachVector(of: count, addVector)
}
