// Functions with parameters, their derivatives, and selection by a mask, against the twins. Read first: KernelTests.swift,
// ActivationTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct ParametricTests {
    /// The functions, with the allowed errors of values and of derivatives in half ulps of the result, and their domains.
    private static let functions: [(function: ParametricFunction, value: Double, slope: Double, isPositive: Bool)] = [
      (.init(.leakyReLU, 0.01), 1, 1, false), (.init(.leakyReLU, 0.2), 1, 1, false),
      (.init(.leakyReLU, 0), 1, 1, false), (.init(.elu, 1), 4, 4, false), (.init(.elu, 0.5), 5, 5, false),
      // The exponent of an exponential is up to 10 and is rounded.
      (.init(.softplus, 1), 5, 7, false), (.init(.softplus, 2), 7, 24, false), (.init(.softplus, 0.3), 24, 24, false),
      (.init(.power, 0.5), 2, 3, true), (.init(.power, 3), 2, 3, false), (.init(.power, -2), 2, 3, true),
      (.init(.power, 2.6), 2, 3, true), (.init(.power, 0), 1, 1, false), (.init(.power, 1), 2, 2, false),
      (.init(.clamp, -1, 2.5), 0, 1, false), (.init(.clamp, -.infinity, 0.5), 0, 1, false),
      (.init(.clamp, 1, .infinity), 0, 1, false),
    ]

    @Test(arguments: InstructionSet.supported)
    func valuesAndDerivatives(_ set: InstructionSet) {
      let kernels = set.kernels
      for (function, value, slope, isPositive) in Self.functions {
        for count in set.kernels.countsAroundEdges {
          let numbers = Reference.numbers(count, seed: 1)
          let x = isPositive ? Reference.unary(.absolute, numbers).map { 4 * $0 + 0.25 } : numbers.map { 5 * $0 }
          let dy = Reference.numbers(count, seed: 2)
          let what = "\(set) \(function) of \(count)"
          let y = result(count: count, what) { kernels.parametric(function, x, $0, count: count, $1) }
          expectClose(y, Reference.parametric(function, [Double](x)), relative: value * roundoff, what)
          let dx = result(count: count, what) { kernels.parametricBackward(function, x, dy, $0, count: count, $1) }
          expectClose(
            dx, Reference.parametricBackward(function, [Double](x), [Double](dy)), relative: slope * roundoff,
            "\(what), derivative")
          let inPlace = result(into: x, what) { kernels.parametric(function, UnsafePointer($0), $0, count: count, $1) }
          expectSame(inPlace, y, "\(what), in place")
          let backInPlace = result(into: dy, what) {
            kernels.parametricBackward(function, x, UnsafePointer($0), $0, count: count, $1)
          }
          expectSame(backInPlace, dx, "\(what), derivative in place")
        }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func specialValues(_ set: InstructionSet) {
      let kernels = set.kernels
      let large: [Float] = [20, 90, 1e5, 1e18, .greatestFiniteMagnitude, .infinity]
      let x = (large + [0, .leastNonzeroMagnitude, .leastNormalMagnitude]).flatMap { [$0, -$0] } + [.nan]
      for (function, _, _, _) in Self.functions {
        // Far out, a product with 0.3 that becomes an exponent cannot be checked: it is a different number after rounding.
        let what = "\(set) \(function) of \(x)"
        let y = result(count: x.count, what) { kernels.parametric(function, x, $0, count: x.count, $1) }
        expectClose(
          y, Reference.parametric(function, [Double](x)), relative: 32 * roundoff, absolute: 0x1p-120, "\(what) is \(y)"
        )
        let ones = [Float](repeating: 1, count: x.count)
        let dx = result(count: x.count, what) { kernels.parametricBackward(function, x, ones, $0, count: x.count, $1) }
        expectClose(
          dx, Reference.parametricBackward(function, [Double](x), [Double](ones)), relative: 32 * roundoff,
          absolute: 0x1p-120, "\(what), derivatives are \(dx)")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func selection(_ set: InstructionSet) {
      for count in set.kernels.countsAroundEdges {
        let (a, b) = (Reference.numbers(max(1, count), seed: 1), Reference.numbers(max(1, count), seed: 2))
        // Zeros of both signs, ones, and other numbers that are not zero.
        let mask = (0..<count).map { [0, 1, -0.0, 0.5, .nan, 0, -1][$0 % 7] as Float }
        for (aIsRow, bIsRow) in [(true, true), (true, false), (false, true), (false, false)] {
          let what = "\(set) selection of \(count), rows \(aIsRow), \(bIsRow)"
          let c = result(count: count, what) {
            set.kernels.select(
              mask, BroadcastRows(a, rowStride: 0, isRow: aIsRow), BroadcastRows(b, rowStride: 0, isRow: bIsRow), $0,
              count: count, $1)
          }
          let first = aIsRow ? Array(a.prefix(count)) : [Float](repeating: a[0], count: count)
          let second = bIsRow ? Array(b.prefix(count)) : [Float](repeating: b[0], count: count)
          expectSame(c, Reference.select(mask, first, second), what)
        }
      }
    }
  }
}
