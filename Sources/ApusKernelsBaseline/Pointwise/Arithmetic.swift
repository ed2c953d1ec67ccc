// Functions of two variables (+ − × ÷, powers, maximum and minimum, comparisons) with broadcasting, and scaling and adding.
// Read first: PointwiseFunction.swift. Read next: ApusTensor/Ops/Broadcasting.swift, which reduces any broadcast to rows.

package import ApusKernelTypes

/// A function of two variables, on lanes.
///
/// The loop below is compiled once for each conforming type, so that the function becomes part of the loop.
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

extension BinaryFunction {
  /// Rows of c = f(a, b) on one worker; an operand that is not a row has one number in each row.
  static func map(
    _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>, rows: Range<Int>, columns: Int
  ) {
    guard columns > 0 else { return }
    for r in rows {
      let (p, q, out) = (a.elements + r * a.rowStride, b.elements + r * b.rowStride, c + r * columns)
      // The lanes after the end are ones: quotients and powers of ones take no slow path.
      @inline(__always) func both(_ index: Int, _ count: Int) {
        let result = value(
          p.lanes(at: index, count: count, padding: 1), q.lanes(at: index, count: count, padding: 1))
        out.store(result, at: index, count: count)
      }
      if a.isRow && b.isRow {
        forEachVector(of: columns, both)
        continue
      }
      let (left, right) = (Lanes(repeating: p[0]), Lanes(repeating: q[0]))
      @inline(__always) func leftRow(_ index: Int, _ count: Int) {
        out.store(value(p.lanes(at: index, count: count, padding: 1), right), at: index, count: count)
      }
      @inline(__always) func rightRow(_ index: Int, _ count: Int) {
        out.store(value(left, q.lanes(at: index, count: count, padding: 1)), at: index, count: count)
      }
      if a.isRow {
        forEachVector(of: columns, leftRow)
      } else if b.isRow {
        forEachVector(of: columns, rightRow)
      } else {
        let result = value(left, right)
        @inline(__always) func repeated(_ index: Int, _ count: Int) { out.store(result, at: index, count: count) }
        forEachVector(of: columns, repeated)
      }
    }
  }
}

/// `BinaryFunction.map` of one function.
private typealias BinaryLoop = (
  _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>, _ rows: Range<Int>, _ columns: Int
) -> Void

/// The loop of the function that `operation` names.
@inline(__always)
private func loop(of operation: BinaryOperation) -> BinaryLoop {
  switch operation {
  case .add: Sum.map
  case .subtract: Difference.map
  case .multiply: Product.map
  case .divide: Quotient.map
  case .maximum: Larger.map
  case .minimum: Smaller.map
  case .power: Power.map
  case .equal: Equality.map
  case .notEqual: Inequality.map
  case .less: Less.map
  case .lessEqual: LessOrEqual.map
  }
}

extension SIMDKernels {
  /// c[r, j] ← f(a[r · aStride + (j or 0)], b[r · bStride + (j or 0)]); c is contiguous and may be a or b.
  package static func binary(
    _ operation: BinaryOperation, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, _ schedule: Schedule
  ) {
    if rows == 1 {
      // A single long row is cut along its columns.
      forEachChunk(of: columns, grain: 16_384, schedule) { range in
        let start = range.lowerBound
        loop(of: operation)(a.advanced(by: start), b.advanced(by: start), c + start, 0..<1, range.count)
      }
    } else {
      forEachRowChunk(rows: rows, width: columns, schedule) { range in
        loop(of: operation)(a, b, c, range, columns)
      }
    }
  }

  /// y ← scale · x + offset; x and y may be the same.
  package static func affine(
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
  package static func addScaled(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, scale: Float, count: Int, _ schedule: Schedule
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
}

/// y ← y + x on one worker.
func addRow(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int) {
  @inline(__always) func addVector(_ index: Int, _ count: Int) {
    y.store(y.lanes(at: index, count: count) + x.lanes(at: index, count: count), at: index, count: count)
  }
  forEachVector(of: count, addVector)
}
