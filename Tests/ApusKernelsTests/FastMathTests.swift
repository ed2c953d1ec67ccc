// The elementary functions over all floats: the worst error in ulps is at most what their doc comments state.
// Read first: ApusKernelsBaseline/SIMD/FastMath.swift, Roots.swift, Trigonometry.swift, Powers.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// A function of one variable as a kernel and as its twin, with a bound on its error in ulps.
struct Curve: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let ulps: Double
  /// Whether errors are measured in ulps of the input where these are larger, as for x·σ(x) at −80, which is tiny beside 80.
  var isBesideInput = false
  let kernel: @Sendable (AnyKernelSet, [Float], UnsafeMutablePointer<Float>) -> Void
  let twin: @Sendable ([Double]) -> [Double]

  init(_ operation: UnaryOperation, _ ulps: Double, besideInput: Bool = false) {
    (testDescription, self.ulps, isBesideInput) = ("\(operation)", ulps, besideInput)
    kernel = { $0.unary(operation, $1, $2, count: $1.count, .serial) }
    twin = { Reference.unary(operation, $0) }
  }

  init(_ function: ParametricFunction, _ ulps: Double) {
    (testDescription, self.ulps) = ("\(function.operation) \(function.a)", ulps)
    kernel = { $0.parametric(function, $1, $2, count: $1.count, .serial) }
    twin = { Reference.parametric(function, $0) }
  }

  func values(_ kernels: AnyKernelSet, _ x: [Float]) -> [Float] {
    [Float](unsafeUninitializedCapacity: x.count) { buffer, initialized in
      if let y = buffer.baseAddress { kernel(kernels, x, y) }
      initialized = x.count
    }
  }
}

extension KernelTests {
  @Suite struct FastMathTests {
    static let curves: [Curve] = [
      Curve(.exp, 1.1), Curve(.log, 0.9), Curve(.sigmoid, 2.5), Curve(.tanh, 1.4), Curve(.erf, 2.6),
      Curve(.squareRoot, 0.8), Curve(.inverseSquareRoot, 1.2), Curve(.sine, 1.6), Curve(.cosine, 1.6),
      Curve(.reciprocal, 0.5), Curve(.floor, 0), Curve(.ceiling, 0), Curve(.round, 0),
      Curve(.init(.softplus, 1), 2), Curve(.init(.elu, 1), 1.5), Curve(.init(.leakyReLU, 0.01), 0.5),
      Curve(.init(.power, 3), 0.51), Curve(.init(.power, 0.5), 0.51), Curve(.init(.power, -1.7), 0.51),
      Curve(.init(.power, 27.3), 0.51),
      // For negative inputs the result is tiny beside the input, and the rounded exponent of an exponential dominates its error.
      Curve(.relu, 0), Curve(.gelu, 2.5, besideInput: true), Curve(.geluTanh, 3, besideInput: true),
      Curve(.quickGelu, 3, besideInput: true), Curve(.silu, 3, besideInput: true),
    ]

    /// Every 1,021st float, positive and negative, from zero to infinity: 8,216 in each binade. (On an emulated processor, 512.)
    @Test(arguments: InstructionSet.supported, curves)
    func wholeRange(_ set: InstructionSet, _ curve: Curve) {
      var worst = (ulps: 0.0, input: Float(0))
      for sign in [UInt32(0), 0x8000_0000] {
        sweep(set.kernels, curve, from: sign, to: sign + 0x7F80_0000, step: isEmulated ? 16_381 : 1_021, &worst)
      }
      #expect(worst.ulps <= curve.ulps, "\(set) \(curve): \(worst.ulps) ulps at \(worst.input)")
    }

    /// Every float near the points where a function switches formulas or its result becomes special.
    @Test(arguments: InstructionSet.supported, curves)
    func aroundSeams(_ set: InstructionSet, _ curve: Curve) {
      let seams: [Float] = [
        0.625, 1, 4, 0.707_106_78, 1.414_213_6, 0.346_573_6, 1.039_720_8, 88.722_83, 87.336_54, 88.029_69, 44.361_41,
        9.010_913, .leastNormalMagnitude, .greatestFiniteMagnitude, 0x1p-24, 103.972, 0.785_398_16, 1.570_796_3,
        3.141_592_7, 6.283_185_3, 20, 0.414_213_56, 0.881_373_6, 0.5, 1.5, 2.5, 4_194_304, 8_388_608, 16_777_216,
        // The floats nearest to a multiple of π/2.
        0x1.33333p+98, 16_367_173 * 0x1p72,
      ]
      var worst = (ulps: 0.0, input: Float(0))
      for seam in seams {
        for x in [seam, -seam] {
          let (bits, reach) = (x.bitPattern, isEmulated ? 100 : 2_000 as UInt32)
          sweep(set.kernels, curve, from: bits - reach, to: bits + reach, step: 1, &worst)
        }
      }
      #expect(worst.ulps <= curve.ulps, "\(set) \(curve): \(worst.ulps) ulps at \(worst.input)")
    }

    private func sweep(
      _ kernels: AnyKernelSet, _ curve: Curve, from start: UInt32, to end: UInt32, step: UInt32,
      _ worst: inout (ulps: Double, input: Float)
    ) {
      var bits = start
      while bits < end {
        let count = min(1 << 18, Int((end - bits + step - 1) / step))
        let x = Reference.floats(from: bits, step: step, count: count)
        let found = Reference.worstUlps(
          curve.values(kernels, x), curve.twin([Double](x)), orOf: curve.isBesideInput ? x : nil)
        if found.ulps > worst.ulps { worst = (found.ulps, x[found.index]) }
        let (next, overflows) = bits.addingReportingOverflow(UInt32(count) * step)
        if overflows { break }
        bits = next
      }
    }

    /// Powers as a function of two variables: bases of all magnitudes, exponents with which results have all magnitudes.
    @Test(arguments: InstructionSet.supported)
    func powersOfTwoVariables(_ set: InstructionSet) {
      let count = 1 << 18
      let x = Reference.floats(from: 0x0000_0001, step: 8_111, count: count)
      let shares = Reference.numbers(count, seed: 3)
      // y·log₂ x from −160 to 160, so underflow and overflow are included.
      let y = zip(Reference.unary(.log, [Double](x)), shares).map { logarithm, share -> Float in
        Float(160 * Double(share) * 0.693_147_18 / logarithm)
      }
      let z = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        guard let z = buffer.baseAddress else { return }
        x.withUnsafeBufferPointer { x in
          y.withUnsafeBufferPointer { y in
            guard let x = x.baseAddress, let y = y.baseAddress else { return }
            set.kernels.binary(
              .power, BroadcastRows(x, rowStride: 0, isRow: true), BroadcastRows(y, rowStride: 0, isRow: true), z,
              rows: 1,
              columns: count, .serial)
          }
        }
        initialized = count
      }
      let exact = Reference.binary(
        .power, .init([Double](x), rowStride: 0, isRow: true), .init([Double](y), rowStride: 0, isRow: true), rows: 1,
        columns: count)
      let worst = Reference.worstUlps(z, exact)
      #expect(worst.ulps <= 0.51, "\(set): \(worst.ulps) ulps at \(x[worst.index]) to \(y[worst.index])")
    }

    /// Points at which the results are known exactly.
    @Test(arguments: InstructionSet.supported)
    func specialValues(_ set: InstructionSet) {
      let (inf, nan) = (Float.infinity, Float.nan)
      let tiny = Float.leastNonzeroMagnitude
      // A NaN with a payload is tested too: shifted into an exponent it could become a number.
      let others = [Float(nan: 1, signaling: false), Float(nan: 0x7F, signaling: false), -nan]
      let expected: [(UnaryOperation, [(x: Float, y: Float)])] = [
        (.exp, [(0, 1), (-0.0, 1), (inf, inf), (-inf, 0), (nan, nan), (tiny, 1), (-tiny, 1), (89, inf), (-88, 0)]),
        (.log, [(0, -inf), (-0.0, -inf), (1, 0), (inf, inf), (-inf, nan), (-1, nan), (-tiny, nan), (nan, nan)]),
        (.tanh, [(0, 0), (-0.0, 0), (inf, 1), (-inf, -1), (nan, nan), (tiny, tiny), (-tiny, -tiny), (10, 1)]),
        (.sigmoid, [(0, 0.5), (-0.0, 0.5), (inf, 1), (-inf, 0), (nan, nan), (tiny, 0.5), (100, 1), (-100, 0)]),
        (.erf, [(0, 0), (-0.0, 0), (inf, 1), (-inf, -1), (nan, nan), (4.5, 1), (-4.5, -1), (tiny, tiny)]),
        (.squareRoot, [(0, 0), (-0.0, -0.0), (1, 1), (inf, inf), (-inf, nan), (-1, nan), (-tiny, nan), (nan, nan)]),
        (
          .inverseSquareRoot,
          [(0, inf), (-0.0, -inf), (1, 1), (4, 0.5), (inf, 0), (-inf, nan), (-tiny, nan), (nan, nan)]
        ),
        (.sine, [(0, 0), (inf, nan), (-inf, nan), (nan, nan), (tiny, tiny), (-tiny, -tiny)]),
        (.cosine, [(0, 1), (-0.0, 1), (inf, nan), (-inf, nan), (nan, nan), (tiny, 1)]),
        (.floor, [(0.5, 0), (-0.5, -1), (-3, -3), (8_388_607.5, 8_388_607), (inf, inf), (-inf, -inf), (-tiny, -1)]),
        (.ceiling, [(0.5, 1), (-0.5, 0), (3, 3), (-8_388_607.5, -8_388_607), (inf, inf), (-inf, -inf), (tiny, 1)]),
        (.round, [(0.5, 0), (1.5, 2), (-2.5, -2), (8_388_607.5, 8_388_608), (1e30, 1e30), (inf, inf), (-inf, -inf)]),
      ]
      for (operation, points) in expected {
        let points = points + others.map { (x: $0, y: nan) }
        let x = points.map(\.x)
        let y = result(count: x.count, "special values") { set.kernels.unary(operation, x, $0, count: x.count, $1) }
        for (point, y) in zip(points, y) {
          #expect(y == point.y || y.isNaN && point.y.isNaN, "\(set) \(operation) of \(point.x) is \(y)")
        }
      }
    }

    /// Odd functions and rounding keep the sign of zero.
    @Test(arguments: InstructionSet.supported)
    func signsOfZeros(_ set: InstructionSet) {
      for operation in [UnaryOperation.tanh, .erf, .squareRoot, .sine, .floor, .ceiling, .round] {
        let y = result(count: 2, "zeros") { set.kernels.unary(operation, [0, -0.0], $0, count: 2, $1) }
        #expect(y.map(\.bitPattern) == [0, 0x8000_0000], "\(set) \(operation)")
      }
    }

    /// Sigmoids never exceed 1, and tanh, erf, sin and cos never leave [−1, 1].
    @Test(arguments: InstructionSet.supported)
    func resultsStayInRange(_ set: InstructionSet) {
      let x = Reference.floats(from: 0x3C00_0000, step: 997, count: 80_000)
      for operation in [UnaryOperation.tanh, .erf, .sigmoid, .sine, .cosine] {
        let y = result(count: x.count, "range") { set.kernels.unary(operation, x, $0, count: x.count, $1) }
        #expect((y.max() ?? 2) <= 1, "\(operation)")
      }
    }
  }
}
