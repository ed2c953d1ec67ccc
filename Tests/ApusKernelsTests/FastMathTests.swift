// exp, log, tanh, sigmoid, erf and the square root over all floats: the worst error in ulps is what FastMath.swift says.
// Read first: ApusKernelsBaseline/SIMD/FastMath.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct FastMathTests {
    /// The bounds that the doc comments of FastMath.swift state, in units in the last place.
    static let bounds: [(operation: UnaryOperation, ulps: Double)] = [
      (.exp, 1.1), (.log, 0.9), (.sigmoid, 2.5), (.tanh, 1.4), (.erf, 2.6), (.squareRoot, 0.8),
    ]

    /// Every 1,021st float, positive and negative, from zero to infinity: 8,216 in each binade.
    @Test(arguments: InstructionSet.supported, bounds)
    func wholeRange(_ set: InstructionSet, _ bound: (operation: UnaryOperation, ulps: Double)) {
      var worst = (ulps: 0.0, input: Float(0))
      for sign in [UInt32(0), 0x8000_0000] {
        sweep(set.kernels, bound.operation, from: sign, to: sign + 0x7F80_0000, step: 1_021, &worst)
      }
      #expect(worst.ulps <= bound.ulps, "\(set) \(bound.operation): \(worst.ulps) ulps at \(worst.input)")
    }

    /// Every float near the places where a function changes its formula or its result its kind.
    @Test(arguments: InstructionSet.supported, bounds)
    func aroundSeams(_ set: InstructionSet, _ bound: (operation: UnaryOperation, ulps: Double)) {
      let seams: [Float] = [
        0.625, 1, 4, 0.707_106_78, 1.414_213_6, 0.346_573_6, 1.039_720_8, 88.722_83, 87.336_54, 88.029_69, 44.361_41,
        9.010_913, .leastNormalMagnitude, .greatestFiniteMagnitude, 0x1p-24, 103.972,
      ]
      var worst = (ulps: 0.0, input: Float(0))
      for seam in seams {
        for x in [seam, -seam] {
          let bits = x.bitPattern
          sweep(set.kernels, bound.operation, from: bits - 2_000, to: bits + 2_000, step: 1, &worst)
        }
      }
      #expect(worst.ulps <= bound.ulps, "\(set) \(bound.operation): \(worst.ulps) ulps at \(worst.input)")
    }

    private func sweep(
      _ kernels: KernelTable, _ operation: UnaryOperation, from start: UInt32, to end: UInt32, step: UInt32,
      _ worst: inout (ulps: Double, input: Float)
    ) {
      var bits = start
      while bits < end {
        let count = min(1 << 18, Int((end - bits + step - 1) / step))
        let x = Reference.floats(from: bits, step: step, count: count)
        let y = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
          if let y = buffer.baseAddress { kernels.unary(operation, x, y, count, .serial) }
          initialized = count
        }
        let found = Reference.worstUlps(y, Reference.unary(operation, [Double](x)))
        if found.ulps > worst.ulps { worst = (found.ulps, x[found.index]) }
        let (next, overflows) = bits.addingReportingOverflow(UInt32(count) * step)
        if overflows { break }
        bits = next
      }
    }

    /// Results at the points where they are known exactly.
    @Test(arguments: InstructionSet.supported)
    func specialValues(_ set: InstructionSet) {
      let (inf, nan) = (Float.infinity, Float.nan)
      let tiny = Float.leastNonzeroMagnitude
      // A NaN with a payload is one too: shifted into an exponent it could become a number.
      let others = [Float(nan: 1, signaling: false), Float(nan: 0x7F, signaling: false), -nan]
      let expected: [(UnaryOperation, [(x: Float, y: Float)])] = [
        (.exp, [(0, 1), (-0, 1), (inf, inf), (-inf, 0), (nan, nan), (tiny, 1), (-tiny, 1), (89, inf), (-88, 0)]),
        (.log, [(0, -inf), (-0, -inf), (1, 0), (inf, inf), (-inf, nan), (-1, nan), (-tiny, nan), (nan, nan)]),
        (.tanh, [(0, 0), (-0, 0), (inf, 1), (-inf, -1), (nan, nan), (tiny, tiny), (-tiny, -tiny), (10, 1)]),
        (.sigmoid, [(0, 0.5), (-0, 0.5), (inf, 1), (-inf, 0), (nan, nan), (tiny, 0.5), (100, 1), (-100, 0)]),
        (.erf, [(0, 0), (-0, 0), (inf, 1), (-inf, -1), (nan, nan), (4.5, 1), (-4.5, -1), (tiny, tiny)]),
        (.squareRoot, [(0, 0), (-0, -0), (1, 1), (inf, inf), (-inf, nan), (-1, nan), (-tiny, nan), (nan, nan)]),
      ]
      for (operation, points) in expected {
        let points = points + others.map { (x: $0, y: nan) }
        let x = points.map(\.x)
        let y = result(count: x.count, "special values") { set.kernels.unary(operation, x, $0, x.count, $1) }
        for (point, y) in zip(points, y) {
          #expect(y == point.y || y.isNaN && point.y.isNaN, "\(set) \(operation) of \(point.x) is \(y)")
        }
      }
    }

    /// Odd functions keep the sign of zero.
    @Test(arguments: InstructionSet.supported)
    func signsOfZeros(_ set: InstructionSet) {
      for operation in [UnaryOperation.tanh, .erf, .squareRoot] {
        let y = result(count: 2, "zeros") { set.kernels.unary(operation, [0, -0.0], $0, 2, $1) }
        #expect(y.map(\.bitPattern) == [0, 0x8000_0000], "\(set) \(operation)")
      }
    }

    /// Monotone where it matters: probabilities never exceed 1, and tanh and erf never leave [−1, 1].
    @Test(arguments: InstructionSet.supported)
    func resultsStayInRange(_ set: InstructionSet) {
      let x = Reference.floats(from: 0x3C00_0000, step: 997, count: 80_000)
      for operation in [UnaryOperation.tanh, .erf, .sigmoid] {
        let y = result(count: x.count, "range") { set.kernels.unary(operation, x, $0, x.count, $1) }
        #expect((y.max() ?? 2) <= 1, "\(operation)")
      }
    }
  }
}
