// Functions of one variable with parameters, each beside its derivative. Read first: PointwiseFunction.swift.
// Read next: Selection.swift.

package import ApusKernelTypes

/// A function with parameters and its derivative, both of the input x.
///
/// The loops below are compiled once for each conforming type, so that the function becomes part of the loop.
private protocol ParametricCurve {
  static func value(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes
  static func derivative(_ x: Lanes, _ a: Float, _ b: Float) -> Lanes
}

extension ParametricCurve {
  /// y ← f(x) on whole vectors; x and y may be the same.
  static func map(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, _ p: ParametricFunction
  ) {
    let (a, b) = (p.a, p.b)
    var index = 0
    while index < count {
      y.store(value(x.lanes(at: index), a, b), at: index)
      index &+= laneCount
    }
  }

  /// dx ← dy · f′(x) on whole vectors; dx and dy may be the same.
  static func mapBackward(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, count: Int,
    _ p: ParametricFunction
  ) {
    let (a, b) = (p.a, p.b)
    var index = 0
    while index < count {
      dx.store(dy.lanes(at: index) * derivative(x.lanes(at: index), a, b), at: index)
      index &+= laneCount
    }
  }

  @inline(__always) static var loops: ParametricLoops { (map, mapBackward) }
}

/// The loops of one function over whole vectors; each runs on one worker.
private typealias ParametricLoops = (
  map: (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, ParametricFunction) -> Void,
  mapBackward: (
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, _ count: Int,
    ParametricFunction
  ) -> Void
)

/// The loops of the function that `operation` names.
@inline(__always)
private func loops(of operation: ParametricOperation) -> ParametricLoops {
  switch operation {
  case .leakyReLU: LeakyReLU.loops
  case .elu: ELU.loops
  case .softplus: Softplus.loops
  case .power: Power.loops
  case .clamp: Clamp.loops
  }
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

extension SIMDKernels {
  /// y ← f(x); x and y may be the same.
  package static func parametric(
    _ function: ParametricFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let (x, y) = (x + range.lowerBound, y + range.lowerBound)
      let loop = loops(of: function.operation).map
      let rest = range.count % laneCount
      loop(x, y, range.count - rest, function)
      guard rest > 0 else { return }
      var value = x.partialLanes(at: range.count - rest, count: rest)
      onVector(&value) { loop($0, $0, laneCount, function) }
      y.storePartial(value, at: range.count - rest, count: rest)
    }
  }

  /// dx ← dy · f′(x); dx and dy may be the same.
  package static func parametricBackward(
    _ function: ParametricFunction, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let (x, dy, dx) = (x + range.lowerBound, dy + range.lowerBound, dx + range.lowerBound)
      let loop = loops(of: function.operation).mapBackward
      let rest = range.count % laneCount
      loop(x, dy, dx, range.count - rest, function)
      guard rest > 0 else { return }
      var (input, gradient) = (
        x.partialLanes(at: range.count - rest, count: rest), dy.partialLanes(at: range.count - rest, count: rest)
      )
      onVector(&input) { input in onVector(&gradient) { loop(input, $0, $0, laneCount, function) } }
      dx.storePartial(gradient, at: range.count - rest, count: rest)
    }
  }
}
