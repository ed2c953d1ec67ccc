// The activations of networks, each beside its derivative. Read first: PointwiseFunction.swift, ../SIMD/FastMath.swift.
// Read next: ApusTensor/Ops/Activations.swift, the operations on tensors.

enum HyperbolicTangent: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { tanh(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { multiplyAdd(-y, y, Lanes(repeating: 1)) }
}

enum Logistic: PointwiseFunction {
  @inline(__always) static var savesResult: Bool { true }
  @inline(__always) static func value(_ x: Lanes) -> Lanes { sigmoid(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { multiplyAdd(-y, y, y) }
}

enum ReLU: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    Lanes(repeating: 1).replacing(with: 0, where: x .<= 0)
  }
}

enum GELU: PointwiseFunction {
  // x·Φ(x) = max(x, 0) − |x|·Φ(−|x|). For negative x, 1 + erf would suffer cancellation; this form does not.
  @inline(__always) static func value(_ x: Lanes) -> Lanes {
    let size = minimum(magnitude(x), Lanes(repeating: normalTailEnd))
    // Beyond the end the tail is 0, for infinite x too.
    let tail = normalTail(size).replacing(with: 0, where: size .>= normalTailEnd)
    return multiplyAdd(-size, tail, x.replacing(with: 0, where: x .< 0))
  }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    // Farther out the derivative is 0 or 1, and one factor of the middle term would overflow.
    let x = clamped(x, to: normalTailEnd)
    let tail = normalTail(magnitude(x))
    let cumulative = tail.replacing(with: 1 - tail, where: x .> 0)
    return multiplyAdd(x, 0.398_942_28 * exp(-0.5 * x * x), cumulative)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let twice = 1 + erf(x * 0.707_106_781)
    let near = clamped(x, to: 16)
    return (0.5 * x * twice, multiplyAdd(near, 0.398_942_28 * exp(-0.5 * near * near), 0.5 * twice))
  }
}

/// ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³) (Hendrycks, Gimpel, arXiv:1606.08415).
///
/// Since ½(1 + tanh u) = σ(2u), it takes one exponential and one division.
enum TanhGELU: PointwiseFunction {
  /// 2√(2/π)
  @inline(__always) private static var slope: Float { 1.595_769_12 }
  /// 2√(2/π) · 0.044715
  @inline(__always) private static var cubic: Float { 0.071_354_816_3 }

  @inline(__always) static func value(_ x: Lanes) -> Lanes {
    x * sigmoid(x * multiplyAdd(x * x, cubic, Lanes(repeating: slope)))
  }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    let x = clamped(x, to: 16)
    let square = x * x
    let p = sigmoid(x * multiplyAdd(square, cubic, Lanes(repeating: slope)))
    return multiplyAdd(x * multiplyAdd(-p, p, p), multiplyAdd(square, 3 * cubic, Lanes(repeating: slope)), p)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x * multiplyAdd(x * x, cubic, Lanes(repeating: slope)))
    let near = clamped(x, to: 16)
    let inner = multiplyAdd(near * near, 3 * cubic, Lanes(repeating: slope))
    return (x * p, multiplyAdd(near * multiplyAdd(-p, p, p), inner, p))
  }
}

enum SiLU: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * sigmoid(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    let x = clamped(x, to: 128)
    let p = sigmoid(x)
    return multiplyAdd(x, multiplyAdd(-p, p, p), p)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x)
    return (x * p, multiplyAdd(clamped(x, to: 128), multiplyAdd(-p, p, p), p))
  }
}

/// x·σ(1.702x): the approximation of gelu that CLIP uses (Hendrycks, Gimpel, arXiv:1606.08415, section 2).
enum QuickGELU: PointwiseFunction {
  @inline(__always) private static var steepness: Float { 1.702 }

  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * sigmoid(x * steepness) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    let x = clamped(x, to: 128)
    let p = sigmoid(x * steepness)
    return multiplyAdd(x * steepness, multiplyAdd(-p, p, p), p)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x * steepness)
    return (x * p, multiplyAdd(clamped(x, to: 128) * steepness, multiplyAdd(-p, p, p), p))
  }
}
