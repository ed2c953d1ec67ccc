// Functions of two variables with every kind of broadcast, and scaling and adding, against the twins.
// Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// The stored part of an operand [rows, columns].
private enum Stored: CaseIterable {
  case all, spacedRows, oneRow, oneColumn, oneNumber

  /// An operand whose elements are away from zero, so that quotients are not large.
  func operand(rows: Int, columns: Int, seed: UInt64) -> Reference.Broadcast<Float> {
    let (isRow, rowStride, count): (Bool, Int, Int) =
      switch self {
      case .all: (true, columns, rows * columns)
      case .spacedRows: (true, columns + 3, rows * (columns + 3))
      case .oneRow: (true, 0, columns)
      case .oneColumn: (false, 1, rows)
      case .oneNumber: (false, 0, 1)
      }
    let numbers = Reference.numbers(max(1, count), seed: seed)
    return Reference.Broadcast(numbers.map { $0 + ($0 < 0 ? -0.1 : 0.1) }, rowStride: rowStride, isRow: isRow)
  }
}

extension Reference.Broadcast<Float> {
  fileprivate var inDouble: Reference.Broadcast<Double> {
    Reference.Broadcast<Double>([Double](elements), rowStride: rowStride, isRow: isRow)
  }
}

extension KernelTests {
  @Suite struct ArithmeticTests {
    /// Single operations are rounded as IEEE 754 requires, to the bits of the twin in Float. Powers are within 0.51 ulp.
    @Test(arguments: InstructionSet.supported, BinaryOperation.allCases)
    func broadcasts(_ set: InstructionSet, _ operation: BinaryOperation) {
      let kernels = set.kernels
      var shapes = kernels.rowShapes + [(1, 0), (1, 1)]
      if !isEmulated { shapes += [(1, 20_011), (3_300, 5)] }
      for (rows, columns) in shapes {
        for left in Stored.allCases {
          for right in Stored.allCases where rows * columns < 10_000 || left == right || left == .all {
            check(kernels, operation, left, right, rows: rows, columns: columns)
          }
        }
      }
    }

    private func check(
      _ kernels: AnyKernelSet, _ operation: BinaryOperation, _ left: Stored, _ right: Stored, rows: Int, columns: Int
    ) {
      let a = left.operand(rows: rows, columns: columns, seed: 1)
      let b = right.operand(rows: rows, columns: columns, seed: 2)
      let what = "\(kernels.name) \(operation) of \(left) and \(right), \(rows) × \(columns)"
      a.elements.withUnsafeBufferPointer { aStored in
        b.elements.withUnsafeBufferPointer { bStored in
          guard let aStart = aStored.baseAddress, let bStart = bStored.baseAddress else { return }
          let c = result(count: rows * columns, what) { output, schedule in
            kernels.binary(
              operation, BroadcastRows(aStart, rowStride: a.rowStride, isRow: a.isRow),
              BroadcastRows(bStart, rowStride: b.rowStride, isRow: b.isRow), output, rows: rows, columns: columns,
              schedule)
          }
          if operation == .power {
            let exact = Reference.binary(operation, a.inDouble, b.inDouble, rows: rows, columns: columns)
            expectClose(c, exact, relative: 1.02 * roundoff, what)
          } else {
            expectSame(c, Reference.binary(operation, a, b, rows: rows, columns: columns), what)
          }
          guard left == .all else { return }
          let inPlace = result(into: Array(a.elements.prefix(rows * columns)), what) { output, schedule in
            kernels.binary(
              operation, BroadcastRows(output, rowStride: columns, isRow: true),
              BroadcastRows(bStart, rowStride: b.rowStride, isRow: b.isRow), output, rows: rows, columns: columns,
              schedule)
          }
          expectSame(inPlace, c, "\(what), in place")
        }
      }
    }

    @Test(arguments: InstructionSet.supported, BinaryOperation.allCases)
    func specialValues(_ set: InstructionSet, _ operation: BinaryOperation) {
      let values: [Float] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, 0x1p-133]
      let a = values.flatMap { [Float](repeating: $0, count: values.count) }
      let b = values.flatMap { _ in values }
      let expected = Reference.binary(
        operation, .init(a, rowStride: 0, isRow: true), .init(b, rowStride: 0, isRow: true), rows: 1, columns: a.count)
      a.withUnsafeBufferPointer { aStored in
        b.withUnsafeBufferPointer { bStored in
          guard let aStart = aStored.baseAddress, let bStart = bStored.baseAddress else { return }
          let c = result(count: a.count, "special values") { output, schedule in
            set.kernels.binary(
              operation, BroadcastRows(aStart, rowStride: 0, isRow: true),
              BroadcastRows(bStart, rowStride: 0, isRow: true), output, rows: 1, columns: a.count, schedule)
          }
          // The sign and the payload of a NaN depend on the processor.
          for i in c.indices {
            #expect(c[i] == expected[i] || c[i].isNaN && expected[i].isNaN, "\(operation) of \(a[i]) and \(b[i])")
          }
        }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func affine(_ set: InstructionSet) {
      let kernels = set.kernels
      for count in kernels.countsAroundEdges {
        let x = Reference.numbers(count, seed: 1)
        let what = "\(kernels.name) affine of \(count)"
        let y = result(count: count, what) { kernels.affine(x, $0, scale: -1.75, offset: 0.3, count: count, $1) }
        let expected = Reference.affine([Double](x), scale: -1.75, offset: Double(Float(0.3)))
        expectClose(y, expected, absolute: 4 * roundoff, what)
        let inPlace = result(into: x, what) {
          kernels.affine(UnsafePointer($0), $0, scale: -1.75, offset: 0.3, count: count, $1)
        }
        expectSame(inPlace, y, "\(what), in place")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func addScaled(_ set: InstructionSet) {
      let kernels = set.kernels
      for count in kernels.countsAroundEdges {
        let (x, y) = (Reference.numbers(count, seed: 1), Reference.numbers(count, seed: 2))
        let what = "\(kernels.name) addScaled of \(count)"
        let sum = result(into: y, what) { kernels.addScaled(x, to: $0, scale: 2.25, count: count, $1) }
        expectClose(
          sum, Reference.addScaled([Double](x), scale: 2.25, to: [Double](y)), absolute: 6 * roundoff, what)
      }
    }
  }
}
