// Functions of one variable, each beside its derivative. Read first: SIMD/FastMath.swift.
// Read next: ApusTensor/Ops/Elementary.swift and Activations.swift, the operations on tensors.

import ApusKernelTypes

/// √(2/π) and 0.044715 of the tanh approximation of gelu (Hendrycks and Gimpel, arXiv:1606.08415).
private let geluScale: Float = 0.797_884_561
private let geluCubic: Float = 0.044_715

/// f(x) for a known operation: `operation` is a constant wherever this is inlined, so the switch vanishes.
@inline(__always)
private func value(_ operation: UnaryOperation, _ x: Lanes) -> Lanes {
  switch operation {
  case .negate: return -x
  case .square: return x * x
  case .squareRoot: return squareRoot(x)
  case .reciprocal: return 1 / x
  case .absolute: return magnitude(x)
  case .exp: return exp(x)
  case .log: return log(x)
  case .tanh: return tanh(x)
  case .sigmoid: return sigmoid(x)
  case .erf: return erf(x)
  case .relu: return x.replacing(with: 0, where: x .< 0)
  case .gelu: return 0.5 * x * (1 + erf(x * 0.707_106_781))
  case .geluTanh:
    // ½(1 + tanh u) = σ(2u): one exponential and one division.
    let u = x * multiplyAdd(x * x, geluScale * geluCubic, Lanes(repeating: geluScale))
    return x * sigmoid(u + u)
  case .silu: return x * sigmoid(x)
  }
}

/// f′ as a function of what the forward kept: the result y where it makes the derivative cheaper, the input x elsewhere.
@inline(__always)
private func derivative(_ operation: UnaryOperation, _ saved: Lanes) -> Lanes {
  let s = saved
  switch operation {
  case .negate: return Lanes(repeating: -1)
  case .square: return s + s
  case .squareRoot: return 0.5 / s
  case .reciprocal: return -(s * s)
  case .absolute:
    return copySign(Lanes(repeating: 1), from: s).replacing(with: 0, where: s .== 0)
  case .exp: return s
  case .log: return 1 / s
  case .tanh: return multiplyAdd(-s, s, Lanes(repeating: 1))
  case .sigmoid: return multiplyAdd(-s, s, s)
  case .erf: return 1.128_379_17 * exp(-(s * s))
  case .relu: return Lanes(repeating: 1).replacing(with: 0, where: s .<= 0)
  case .gelu:
    let cumulative = 0.5 * (1 + erf(s * 0.707_106_781))
    return multiplyAdd(s, 0.398_942_28 * exp(-0.5 * s * s), cumulative)
  case .geluTanh:
    let square = s * s
    let u = s * multiplyAdd(square, geluScale * geluCubic, Lanes(repeating: geluScale))
    let p = sigmoid(u + u)
    let slope = multiplyAdd(square, 6 * geluScale * geluCubic, Lanes(repeating: 2 * geluScale))
    return multiplyAdd(s * multiplyAdd(-p, p, p), slope, p)
  case .silu:
    let p = sigmoid(s)
    return multiplyAdd(s, multiplyAdd(-p, p, p), p)
  }
}

/// y ← f(x) on one worker; x and y may be the same.
func applyUnary(
  _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) {
  @inline(__always) func loop(_ operation: UnaryOperation) {
    forEachVector(in: 0..<count) { index in
      y.store(value(operation, x.lanes(at: index)), at: index)
    } tail: { index, count in
      y.storePartial(value(operation, x.partialLanes(at: index, count: count)), at: index, count: count)
    }
  }
  switch operation {
  case .negate: loop(.negate)
  case .square: loop(.square)
  case .squareRoot: loop(.squareRoot)
  case .reciprocal: loop(.reciprocal)
  case .absolute: loop(.absolute)
  case .exp: loop(.exp)
  case .log: loop(.log)
  case .tanh: loop(.tanh)
  case .sigmoid: loop(.sigmoid)
  case .erf: loop(.erf)
  case .relu: loop(.relu)
  case .gelu: loop(.gelu)
  case .geluTanh: loop(.geluTanh)
  case .silu: loop(.silu)
  }
}

/// dx ← dy · f′ on one worker, with `saved` as `UnaryOperation.savesResult` says.
private func applyUnaryBackward(
  _ operation: UnaryOperation, _ saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
  _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  @inline(__always) func loop(_ operation: UnaryOperation) {
    forEachVector(in: 0..<count) { index in
      dx.store(dy.lanes(at: index) * derivative(operation, saved.lanes(at: index)), at: index)
    } tail: { index, count in
      let slope = derivative(operation, saved.partialLanes(at: index, count: count))
      dx.storePartial(dy.partialLanes(at: index, count: count) * slope, at: index, count: count)
    }
  }
  switch operation {
  case .negate: loop(.negate)
  case .square: loop(.square)
  case .squareRoot: loop(.squareRoot)
  case .reciprocal: loop(.reciprocal)
  case .absolute: loop(.absolute)
  case .exp: loop(.exp)
  case .log: loop(.log)
  case .tanh: loop(.tanh)
  case .sigmoid: loop(.sigmoid)
  case .erf: loop(.erf)
  case .relu: loop(.relu)
  case .gelu: loop(.gelu)
  case .geluTanh: loop(.geluTanh)
  case .silu: loop(.silu)
  }
}

/// y ← f(x); x and y may be the same.
func unary(
  _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
  _ schedule: Schedule
) {
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    applyUnary(operation, x + range.lowerBound, y + range.lowerBound, count: range.count)
  }
}

/// dx ← dy · f′; dx and dy may be the same.
func unaryBackward(
  _ operation: UnaryOperation, saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
  _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
) {
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    let start = range.lowerBound
    applyUnaryBackward(operation, saved + start, dy + start, dx + start, count: range.count)
  }
}
