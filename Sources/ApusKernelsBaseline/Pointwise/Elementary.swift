// The elementary functions of one variable, each beside its derivative: powers, exp, log, sin, cos, erf, rounding.
// Read first: PointwiseFunction.swift, ../SIMD/FastMath.swift. Read next: Activations.swift.

enum Negation: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { -x }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { Lanes(repeating: -1) }
}

enum Square: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * x }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { x + x }
}

enum SquareRoot: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { squareRoot(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { 0.5 / y }
}

enum InverseSquareRoot: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { inverseSquareRoot(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { -0.5 * y * (y * y) }
}

enum Reciprocal: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { 1 / x }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { -(y * y) }
}

enum AbsoluteValue: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { magnitude(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    copySign(Lanes(repeating: 1), from: x).replacing(with: 0, where: x .== 0)
  }
}

enum Exponential: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { exp(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { y }
}

enum Logarithm: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { log(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { 1 / x }
}

enum Sine: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { sine(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { cosine(x) }
}

enum Cosine: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { cosine(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { -sine(x) }
}

enum ErrorFunction: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { erf(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { 1.128_379_17 * exp(-(x * x)) }
}

// Rounding is piecewise constant: the derivative is 0.

enum Floor: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { floor(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}

enum Ceiling: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { ceiling(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}

enum Round: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { rounded(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}
