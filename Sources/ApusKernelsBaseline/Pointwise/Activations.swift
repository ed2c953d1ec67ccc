// Functions of one variable, each beside its derivative. Read first: SIMD/FastMath.swift.
// Read next: ApusTensor/Ops/Elementary.swift and Activations.swift, the operations on tensors.

import ApusKernelTypes

/// A function and its derivative, on lanes.
///
/// Every loop below is compiled once for each conforming type, so that the function is part of the loop.
private protocol PointwiseFunction {
  static func value(_ x: Lanes) -> Lanes
  /// f′, from the result y where `UnaryOperation.savesResult` says so, from the input x elsewhere.
  static func derivative(_ saved: Lanes) -> Lanes
  /// Both at once, where they share an exponential.
  static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes)
}

extension PointwiseFunction {
  @inline(__always) static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes) {
    let y = value(x)
    return (y, derivative(savesResult ? y : x))
  }
}

private enum Negation: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { -x }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { Lanes(repeating: -1) }
}

private enum Square: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * x }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { x + x }
}

private enum SquareRoot: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { squareRoot(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { 0.5 / y }
}

private enum InverseSquareRoot: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { inverseSquareRoot(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { -0.5 * y * (y * y) }
}

private enum Reciprocal: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { 1 / x }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { -(y * y) }
}

private enum AbsoluteValue: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { magnitude(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    copySign(Lanes(repeating: 1), from: x).replacing(with: 0, where: x .== 0)
  }
}

private enum Exponential: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { exp(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { y }
}

private enum Logarithm: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { log(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { 1 / x }
}

private enum Sine: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { sine(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { cosine(x) }
}

private enum Cosine: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { cosine(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { -sine(x) }
}

private enum HyperbolicTangent: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { tanh(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { multiplyAdd(-y, y, Lanes(repeating: 1)) }
}

private enum Logistic: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { sigmoid(x) }
  @inline(__always) static func derivative(_ y: Lanes) -> Lanes { multiplyAdd(-y, y, y) }
}

private enum ErrorFunction: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { erf(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { 1.128_379_17 * exp(-(x * x)) }
}

private enum ReLU: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x.replacing(with: 0, where: x .< 0) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    Lanes(repeating: 1).replacing(with: 0, where: x .<= 0)
  }
}

private enum GELU: PointwiseFunction {
  // x·Φ(x) = max(x, 0) − |x|·Φ(−|x|): nothing cancels for negative x, as it would in 1 + erf.
  @inline(__always) static func value(_ x: Lanes) -> Lanes {
    let size = minimum(magnitude(x), Lanes(repeating: normalTailEnd))
    // Beyond the end, nothing: also of an infinite x.
    let tail = normalTail(size).replacing(with: 0, where: size .>= normalTailEnd)
    return multiplyAdd(-size, tail, x.replacing(with: 0, where: x .< 0))
  }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    // Farther out it is 0 or 1; the factors of the middle term would overflow against each other.
    let x = clamped(x, to: normalTailEnd)
    let tail = normalTail(magnitude(x))
    let cumulative = tail.replacing(with: 1 - tail, where: x .> 0)
    return multiplyAdd(x, 0.398_942_28 * exp(-0.5 * x * x), cumulative)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes) {
    let twice = 1 + erf(x * 0.707_106_781)
    let near = clamped(x, to: 16)
    return (0.5 * x * twice, multiplyAdd(near, 0.398_942_28 * exp(-0.5 * near * near), 0.5 * twice))
  }
}

/// ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³) (Hendrycks, Gimpel, arXiv:1606.08415).
///
/// ½(1 + tanh u) = σ(2u): one exponential and one division.
private enum TanhGELU: PointwiseFunction {
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
  @inline(__always) static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x * multiplyAdd(x * x, cubic, Lanes(repeating: slope)))
    let near = clamped(x, to: 16)
    let inner = multiplyAdd(near * near, 3 * cubic, Lanes(repeating: slope))
    return (x * p, multiplyAdd(near * multiplyAdd(-p, p, p), inner, p))
  }
}

private enum SiLU: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * sigmoid(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    let x = clamped(x, to: 128)
    let p = sigmoid(x)
    return multiplyAdd(x, multiplyAdd(-p, p, p), p)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x)
    return (x * p, multiplyAdd(clamped(x, to: 128), multiplyAdd(-p, p, p), p))
  }
}

/// x·σ(1.702x): what CLIP's authors took for gelu (Hendrycks, Gimpel, arXiv:1606.08415, section 2).
private enum QuickGELU: PointwiseFunction {
  @inline(__always) private static var steepness: Float { 1.702 }

  @inline(__always) static func value(_ x: Lanes) -> Lanes { x * sigmoid(x * steepness) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes {
    let x = clamped(x, to: 128)
    let p = sigmoid(x * steepness)
    return multiplyAdd(x * steepness, multiplyAdd(-p, p, p), p)
  }
  @inline(__always) static func valueAndSlope(_ x: Lanes, savesResult: Bool) -> (value: Lanes, slope: Lanes) {
    let p = sigmoid(x * steepness)
    return (x * p, multiplyAdd(clamped(x, to: 128) * steepness, multiplyAdd(-p, p, p), p))
  }
}

// Steps have the derivative 0.

private enum Floor: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { floor(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}

private enum Ceiling: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { ceiling(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}

private enum Round: PointwiseFunction {
  @inline(__always) static func value(_ x: Lanes) -> Lanes { rounded(x) }
  @inline(__always) static func derivative(_ x: Lanes) -> Lanes { .zero }
}

// Loops as statements: from loops whose bodies are closures the compiler made one that calls the body for every vector.

@inline(never)
private func map<F: PointwiseFunction>(
  _ function: F.Type, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) {
  var index = 0
  while index + laneCount <= count {
    y.store(F.value(x.lanes(at: index)), at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 { y.storePartial(F.value(x.partialLanes(at: index, count: rest)), at: index, count: rest) }
}

@inline(never)
private func mapWithSlopes<F: PointwiseFunction>(
  _ function: F.Type, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  _ slopes: UnsafeMutablePointer<Float>, count: Int, savesResult: Bool
) {
  var index = 0
  while index + laneCount <= count {
    let (value, slope) = F.valueAndSlope(x.lanes(at: index), savesResult: savesResult)
    y.store(value, at: index)
    slopes.store(slope, at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 {
    let (value, slope) = F.valueAndSlope(x.partialLanes(at: index, count: rest), savesResult: savesResult)
    y.storePartial(value, at: index, count: rest)
    slopes.storePartial(slope, at: index, count: rest)
  }
}

@inline(never)
private func mapBackward<F: PointwiseFunction>(
  _ function: F.Type, _ saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
  count: Int
) {
  var index = 0
  while index + laneCount <= count {
    dx.store(dy.lanes(at: index) * F.derivative(saved.lanes(at: index)), at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 {
    let slope = F.derivative(saved.partialLanes(at: index, count: rest))
    dx.storePartial(dy.partialLanes(at: index, count: rest) * slope, at: index, count: rest)
  }
}

/// y ← f(x) on one worker; x and y may be the same.
func applyUnary(
  _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) {
  switch operation {
  case .negate: map(Negation.self, x, y, count: count)
  case .square: map(Square.self, x, y, count: count)
  case .squareRoot: map(SquareRoot.self, x, y, count: count)
  case .inverseSquareRoot: map(InverseSquareRoot.self, x, y, count: count)
  case .reciprocal: map(Reciprocal.self, x, y, count: count)
  case .absolute: map(AbsoluteValue.self, x, y, count: count)
  case .exp: map(Exponential.self, x, y, count: count)
  case .log: map(Logarithm.self, x, y, count: count)
  case .sine: map(Sine.self, x, y, count: count)
  case .cosine: map(Cosine.self, x, y, count: count)
  case .tanh: map(HyperbolicTangent.self, x, y, count: count)
  case .sigmoid: map(Logistic.self, x, y, count: count)
  case .erf: map(ErrorFunction.self, x, y, count: count)
  case .relu: map(ReLU.self, x, y, count: count)
  case .gelu: map(GELU.self, x, y, count: count)
  case .geluTanh: map(TanhGELU.self, x, y, count: count)
  case .silu: map(SiLU.self, x, y, count: count)
  case .quickGelu: map(QuickGELU.self, x, y, count: count)
  case .floor: map(Floor.self, x, y, count: count)
  case .ceiling: map(Ceiling.self, x, y, count: count)
  case .round: map(Round.self, x, y, count: count)
  }
}

/// y ← f(x) and slopes ← f′(x) on one worker; x and y may be the same.
func applyUnary(
  _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  slopes: UnsafeMutablePointer<Float>, count: Int
) {
  @inline(__always) func run<F: PointwiseFunction>(_ function: F.Type) {
    mapWithSlopes(function, x, y, slopes, count: count, savesResult: operation.savesResult)
  }
  switch operation {
  case .negate: run(Negation.self)
  case .square: run(Square.self)
  case .squareRoot: run(SquareRoot.self)
  case .inverseSquareRoot: run(InverseSquareRoot.self)
  case .reciprocal: run(Reciprocal.self)
  case .absolute: run(AbsoluteValue.self)
  case .exp: run(Exponential.self)
  case .log: run(Logarithm.self)
  case .sine: run(Sine.self)
  case .cosine: run(Cosine.self)
  case .tanh: run(HyperbolicTangent.self)
  case .sigmoid: run(Logistic.self)
  case .erf: run(ErrorFunction.self)
  case .relu: run(ReLU.self)
  case .gelu: run(GELU.self)
  case .geluTanh: run(TanhGELU.self)
  case .silu: run(SiLU.self)
  case .quickGelu: run(QuickGELU.self)
  case .floor: run(Floor.self)
  case .ceiling: run(Ceiling.self)
  case .round: run(Round.self)
  }
}

/// dx ← dy · f′ on one worker, with `saved` as `UnaryOperation.savesResult` says; dx and dy may be the same.
private func applyUnaryBackward(
  _ operation: UnaryOperation, _ saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
  _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  switch operation {
  case .negate: mapBackward(Negation.self, saved, dy, dx, count: count)
  case .square: mapBackward(Square.self, saved, dy, dx, count: count)
  case .squareRoot: mapBackward(SquareRoot.self, saved, dy, dx, count: count)
  case .inverseSquareRoot: mapBackward(InverseSquareRoot.self, saved, dy, dx, count: count)
  case .reciprocal: mapBackward(Reciprocal.self, saved, dy, dx, count: count)
  case .absolute: mapBackward(AbsoluteValue.self, saved, dy, dx, count: count)
  case .exp: mapBackward(Exponential.self, saved, dy, dx, count: count)
  case .log: mapBackward(Logarithm.self, saved, dy, dx, count: count)
  case .sine: mapBackward(Sine.self, saved, dy, dx, count: count)
  case .cosine: mapBackward(Cosine.self, saved, dy, dx, count: count)
  case .tanh: mapBackward(HyperbolicTangent.self, saved, dy, dx, count: count)
  case .sigmoid: mapBackward(Logistic.self, saved, dy, dx, count: count)
  case .erf: mapBackward(ErrorFunction.self, saved, dy, dx, count: count)
  case .relu: mapBackward(ReLU.self, saved, dy, dx, count: count)
  case .gelu: mapBackward(GELU.self, saved, dy, dx, count: count)
  case .geluTanh: mapBackward(TanhGELU.self, saved, dy, dx, count: count)
  case .silu: mapBackward(SiLU.self, saved, dy, dx, count: count)
  case .quickGelu: mapBackward(QuickGELU.self, saved, dy, dx, count: count)
  case .floor: mapBackward(Floor.self, saved, dy, dx, count: count)
  case .ceiling: mapBackward(Ceiling.self, saved, dy, dx, count: count)
  case .round: mapBackward(Round.self, saved, dy, dx, count: count)
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
