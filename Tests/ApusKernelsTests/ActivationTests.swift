// The functions of one variable and their derivatives against the twins. Read first: KernelTests.swift.
// Read next: FastMathTests.swift, which tests exp, log, tanh, sigmoid, erf and roots over all floats.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension UnaryOperation {
  /// Numbers of the operation's domain, away from poles.
  fileprivate func inputs(_ count: Int, seed: UInt64) -> [Float] {
    let numbers = Reference.numbers(count, seed: seed)
    switch self {
    case .squareRoot, .inverseSquareRoot, .log, .reciprocal:
      return Reference.unary(.absolute, numbers).map { 4 * $0 + 0.25 }
    default:
      return numbers.map { 5 * $0 }
    }
  }

  /// The allowed error in half ulps: of the result, and of the input where 1 + erf or 1 + tanh suffers cancellation.
  ///
  /// A new operation gets a case of its own if it needs more than silu, the default.
  fileprivate var allowed: (relative: Double, ofInput: Double) {
    switch self {
    case .negate, .absolute, .relu, .floor, .ceiling, .round: (0, 0)
    case .square, .reciprocal: (1, 0)
    case .squareRoot: (2, 0)
    case .inverseSquareRoot: (3, 0)
    case .sine, .cosine: (4, 0)
    case .exp, .log, .tanh, .erf: (4, 0)
    case .sigmoid: (6, 0)
    case .gelu: (2, 3)
    // The argument of the exponential is up to 20 and is rounded a few times.
    case .geluTanh: (64, 0)
    // The product in the exponent, up to 8.5, is rounded.
    case .quickGelu: (24, 0)
    default: (7, 0)
    }
  }

  /// The allowed error of a derivative in half ulps: of the result, and of 1.
  fileprivate var allowedForDerivative: (relative: Double, ofOne: Double) {
    switch self {
    case .negate, .absolute, .relu, .floor, .ceiling, .round: (1, 0)
    case .sine, .cosine: (4, 0)
    case .square: (1, 0)
    case .squareRoot, .log: (4, 0)
    case .reciprocal, .exp: (5, 0)
    case .inverseSquareRoot: (8, 0)
    case .tanh, .sigmoid: (2, 6)
    // e^(−x²) with x² up to 25, which is rounded.
    case .erf: (56, 0)
    // The rounded product in the exponent costs another eight, times a slope up to 0.6.
    case .quickGelu: (2, 14)
    // The slope of the inner polynomial, up to 6 at x = 5, multiplies the rounding of a sigmoid.
    case .geluTanh: (2, 32)
    default: (2, 8)
    }
  }
}

extension KernelTests {
  @Suite struct ActivationTests {
    @Test(arguments: InstructionSet.supported, UnaryOperation.allCases)
    func values(_ set: InstructionSet, _ operation: UnaryOperation) {
      let kernels = set.kernels
      for count in kernels.countsAroundEdges {
        let x = operation.inputs(count, seed: 1)
        let what = "\(kernels.name) \(operation) of \(count)"
        let y = result(count: count, what) { kernels.unary(operation, x, $0, count: count, $1) }
        let expected = Reference.unary(operation, [Double](x))
        let (relative, ofInput) = operation.allowed
        // One allowance per element: relative to the result, and to the input.
        let magnitudes = zip(x, expected).map { relative * abs($1) + ofInput * Double(abs($0)) }
        expectClose(y, expected, relative: roundoff, magnitudes: magnitudes, what)
        let inPlace = result(into: x, what) { kernels.unary(operation, UnsafePointer($0), $0, count: count, $1) }
        expectSame(inPlace, y, "\(what), in place")
      }
    }

    @Test(arguments: InstructionSet.supported, UnaryOperation.allCases)
    func derivatives(_ set: InstructionSet, _ operation: UnaryOperation) {
      let kernels = set.kernels
      for count in kernels.countsAroundEdges {
        let (x, dy) = (operation.inputs(count, seed: 1), Reference.numbers(count, seed: 2))
        let doubles = [Double](x)
        let saved = operation.savesResult ? Reference.unary(operation, doubles).map { Float($0) } : x
        let what = "\(kernels.name) derivative of \(operation), \(count)"
        let dx = result(count: count, what) { kernels.unaryBackward(operation, saved: saved, dy, $0, count: count, $1) }
        let expected = Reference.unaryBackward(operation, input: doubles, [Double](dy))
        let (relative, ofOne) = operation.allowedForDerivative
        expectClose(dx, expected, relative: relative * roundoff, absolute: ofOne * roundoff, what)
        let inPlace = result(into: dy, what) {
          kernels.unaryBackward(operation, saved: saved, UnsafePointer($0), $0, count: count, $1)
        }
        expectSame(inPlace, dx, "\(what), in place")
      }
    }

    /// Special inputs, and inputs so large that a careless formula would overflow.
    @Test(arguments: InstructionSet.supported, UnaryOperation.allCases)
    func specialValues(_ set: InstructionSet, _ operation: UnaryOperation) {
      let kernels = set.kernels
      let large: [Float] = [90, 1e5, 1e18, 3e38, .greatestFiniteMagnitude, .infinity]
      let small: [Float] = [0, .leastNonzeroMagnitude, 0x1p-133, .leastNormalMagnitude, 1e-20]
      let x = (large + small).flatMap { [$0, -$0] } + [.nan, Float(nan: 5, signaling: false)]
      let y = result(count: x.count, "special values") { kernels.unary(operation, x, $0, count: x.count, $1) }
      let expected = Reference.unary(operation, [Double](x))
      // Results below the smallest normal float may be flushed to zero and then multiplied by 90.
      expectClose(
        y, expected, relative: 8 * roundoff, absolute: 0x1p-119,
        "\(kernels.name) \(operation) of \(x) is \(y)")
    }

    /// Derivatives at large inputs, where the function is a straight line and careless products would be ∞ · 0.
    @Test(arguments: InstructionSet.supported, UnaryOperation.allCases.filter { !$0.savesResult })
    func derivativesOfLargeNumbers(_ set: InstructionSet, _ operation: UnaryOperation) {
      let x = [Float(20), 90, 1e5, 1e12, 1e18, 3e38].flatMap { [$0, -$0] }
      let ones = [Float](repeating: 1, count: x.count)
      let what = "\(set) derivative of \(operation) at \(x)"
      let dx = result(count: x.count, what) {
        set.kernels.unaryBackward(operation, saved: x, ones, $0, count: x.count, $1)
      }
      let expected = Reference.unaryBackward(operation, input: [Double](x), [Double](ones))
      // Near 20 the flushed or rounded terms are about e^−20, below half an ulp of 1.
      expectClose(dx, expected, relative: 2 * roundoff, absolute: roundoff, what)
    }

    /// At their kinks, the derivatives of relu and of the absolute value are 0.
    @Test(arguments: InstructionSet.supported)
    func kinks(_ set: InstructionSet) {
      let x: [Float] = [0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude]
      let ones = [Float](repeating: 1, count: 4)
      for (operation, expected) in [(UnaryOperation.relu, [0, 0, 1, 0]), (.absolute, [0, 0, 1, -1] as [Float])] {
        let dx = result(count: 4, "kinks") { set.kernels.unaryBackward(operation, saved: x, ones, $0, count: 4, $1) }
        #expect(dx == expected, "\(operation)")
      }
    }
  }
}
