// Functions of one variable that have parameters, each beside its derivative. Read first: Activations.swift.
// Read next: Selection.swift.

import ApusKernelTypes

/// The kernels of this subject.
func makePointwiseKernels() -> PointwiseKernels {
  PointwiseKernels(
    parametric: { parametric($0, $1, $2, count: $3, $4) },
    parametricBackward: { parametricBackward($0, $1, $2, $3, count: $4, $5) },
    select: { select($0, $1, $2, $3, count: $4, $5) }
  )
}

/// A function with parameters and its derivative, both of the input.
private protocol ParametricCurve {
  static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes
  static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes
}

private enum LeakyReLU: ParametricCurve {
  @inline(__always) static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    x.replacing(with: x * a, where: x .< 0)
  }
  @inline(__always) static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    Lanes(repeating: 1).replacing(with: a, where: x .<= 0)
  }
}

/// Clevert, Unterthiner, Hochreiter, arXiv:1511.07289.
private enum ELU: ParametricCurve {
  @inline(__always) static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    x.replacing(with: expLessOne(x) * a, where: x .<= 0)
  }
  @inline(__always) static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    Lanes(repeating: 1).replacing(with: exp(x) * a, where: x .<= 0)
  }
}

private enum Softplus: ParametricCurve {
  @inline(__always) static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes { softplus(x, a) }
  @inline(__always) static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes { sigmoid(x * a) }
}

private enum Power: ParametricCurve {
  @inline(__always) static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes { power(x, Lanes(repeating: a)) }
  @inline(__always) static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    // x⁰ is 1 everywhere; 0·x⁻¹ would be NaN at 0.
    a == 0 ? Lanes.zero : power(x, Lanes(repeating: a - 1)) * a
  }
}

private enum Clamp: ParametricCurve {
  @inline(__always) static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    minimum(maximum(x, Lanes(repeating: a)), Lanes(repeating: b))
  }
  @inline(__always) static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes {
    Lanes(repeating: 1).replacing(with: 0, where: (x .< a) .| (x .> b))
  }
}

@inline(never)
private func map<F: ParametricCurve>(
  _ function: F.Type, _ a: Float, _ b: Float, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int
) {
  var index = 0
  while index + laneCount <= count {
    y.store(F.value(x.lanes(at: index), a, b), at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 { y.storePartial(F.value(x.partialLanes(at: index, count: rest), a, b), at: index, count: rest) }
}

@inline(never)
private func mapBackward<F: ParametricCurve>(
  _ function: F.Type, _ a: Float, _ b: Float, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
  _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  var index = 0
  while index + laneCount <= count {
    dx.store(dy.lanes(at: index) * F.derivative(x.lanes(at: index), a, b), at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 {
    let slope = F.derivative(x.partialLanes(at: index, count: rest), a, b)
    dx.storePartial(dy.partialLanes(at: index, count: rest) * slope, at: index, count: rest)
  }
}

/// y ← f(x); x and y may be the same.
func parametric(
  _ f: ParametricFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
) {
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    let (x, y, count) = (x + range.lowerBound, y + range.lowerBound, range.count)
    switch f.operation {
    case .leakyReLU: map(LeakyReLU.self, f.a, f.b, x, y, count: count)
    case .elu: map(ELU.self, f.a, f.b, x, y, count: count)
    case .softplus: map(Softplus.self, f.a, f.b, x, y, count: count)
    case .power: map(Power.self, f.a, f.b, x, y, count: count)
    case .clamp: map(Clamp.self, f.a, f.b, x, y, count: count)
    }
  }
}

/// dx ← dy · f′(x); dx and dy may be the same.
func parametricBackward(
  _ f: ParametricFunction, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
  count: Int, _ schedule: Schedule
) {
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    let (x, dy, dx) = (x + range.lowerBound, dy + range.lowerBound, dx + range.lowerBound)
    let count = range.count
    switch f.operation {
    case .leakyReLU: mapBackward(LeakyReLU.self, f.a, f.b, x, dy, dx, count: count)
    case .elu: mapBackward(ELU.self, f.a, f.b, x, dy, dx, count: count)
    case .softplus: mapBackward(Softplus.self, f.a, f.b, x, dy, dx, count: count)
    case .power: mapBackward(Power.self, f.a, f.b, x, dy, dx, count: count)
    case .clamp: mapBackward(Clamp.self, f.a, f.b, x, dy, dx, count: count)
    }
  }
}
