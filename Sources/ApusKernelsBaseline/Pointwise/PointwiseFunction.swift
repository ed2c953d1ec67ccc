// Functions of one variable as types, the loops over their elements, and the list of all of them.
// Read next: Elementary.swift and Activations.swift, the functions; ApusTensor/Ops/Elementary.swift, the operations on tensors.

package import ApusKernelTypes

/// A function of one variable and its derivative, on lanes.
///
/// The loops below are compiled once for each conforming type, so that the function becomes part of the loop.
protocol PointwiseFunction {
  /// f(x)
  static func value(_ x: Lanes) -> Lanes

  /// f′, from the result y if `savesResult`, otherwise from the input x.
  static func derivative(_ saved: Lanes) -> Lanes

  /// As `UnaryOperation.savesResult` for this function.
  static var savesResult: Bool { get }

  /// f(x) and f′(x) together, for functions where they share an exponential.
  static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes)
}

extension PointwiseFunction {
  @inline(__always) static var savesResult: Bool { false }

  @inline(__always) static func valueAndSlope(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let y = value(x)
    return (y, derivative(savesResult ? y : x))
  }

  // The loops take whole vectors only, so that the function is compiled into each of them once. Callers copy the rest of a row
  // into a vector of its own. The loops are statements: where their bodies were closures, the compiler called the closure for
  // every vector.

  /// y ← f(x); x and y may be the same.
  static func map(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index < count {
      y.store(value(x.lanes(at: index)), at: index)
      index &+= laneCount
    }
  }

  /// y ← f(x) and slopes ← f′(x); x and y may be the same.
  static func mapWithSlopes(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index < count {
      let (value, slope) = valueAndSlope(x.lanes(at: index))
      y.store(value, at: index)
      slopes.store(slope, at: index)
      index &+= laneCount
    }
  }

  /// dx ← dy · f′, from what `savesResult` says; dx and dy may be the same.
  static func mapBackward(
    saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index < count {
      dx.store(dy.lanes(at: index) * derivative(saved.lanes(at: index)), at: index)
      index &+= laneCount
    }
  }

  /// The loops as values. (Existential metatypes would do as well, but Embedded Swift has none.)
  @inline(__always) static var loops: PointwiseLoops { (map, mapWithSlopes, mapBackward) }
}

/// The loops of one function over whole vectors; each runs on one worker.
typealias PointwiseLoops = (
  map: (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void,
  mapWithSlopes: (
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>, _ count: Int
  ) -> Void,
  mapBackward: (
    _ saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, _ count: Int
  ) -> Void
)

/// The loops of the function that `operation` names.
@inline(__always)
func loops(of operation: UnaryOperation) -> PointwiseLoops {
  switch operation {
  case .negate: Negation.loops
  case .square: Square.loops
  case .squareRoot: SquareRoot.loops
  case .inverseSquareRoot: InverseSquareRoot.loops
  case .reciprocal: Reciprocal.loops
  case .absolute: AbsoluteValue.loops
  case .exp: Exponential.loops
  case .log: Logarithm.loops
  case .sine: Sine.loops
  case .cosine: Cosine.loops
  case .tanh: HyperbolicTangent.loops
  case .sigmoid: Logistic.loops
  case .erf: ErrorFunction.loops
  case .relu: ReLU.loops
  case .gelu: GELU.loops
  case .geluTanh: TanhGELU.loops
  case .silu: SiLU.loops
  case .quickGelu: QuickGELU.loops
  case .floor: Floor.loops
  case .ceiling: Ceiling.loops
  case .round: Round.loops
  }
}

/// y ← f(x) and, if they are wanted, slopes ← f′(x) on one worker; x and y may be the same.
func map(
  _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  slopes: UnsafeMutablePointer<Float>? = nil, count: Int
) {
  let loops = loops(of: operation)
  let rest = count % laneCount
  if let slopes {
    loops.mapWithSlopes(x, y, slopes, count - rest)
    guard rest > 0 else { return }
    var (value, slope) = (x.partialLanes(at: count - rest, count: rest), Lanes.zero)
    onVector(&value) { value in onVector(&slope) { loops.mapWithSlopes(value, value, $0, laneCount) } }
    y.storePartial(value, at: count - rest, count: rest)
    slopes.storePartial(slope, at: count - rest, count: rest)
  } else {
    loops.map(x, y, count - rest)
    guard rest > 0 else { return }
    var value = x.partialLanes(at: count - rest, count: rest)
    onVector(&value) { loops.map($0, $0, laneCount) }
    y.storePartial(value, at: count - rest, count: rest)
  }
}

/// dx ← dy · f′ on one worker; dx and dy may be the same.
private func mapBackward(
  _ operation: UnaryOperation, saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
  _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  let loop = loops(of: operation).mapBackward
  let rest = count % laneCount
  loop(saved, dy, dx, count - rest)
  guard rest > 0 else { return }
  var (savedRest, gradient) = (
    saved.partialLanes(at: count - rest, count: rest), dy.partialLanes(at: count - rest, count: rest)
  )
  onVector(&savedRest) { saved in onVector(&gradient) { loop(saved, $0, $0, laneCount) } }
  dx.storePartial(gradient, at: count - rest, count: rest)
}

extension SIMDKernels {
  /// y ← f(x); x and y may be the same.
  package static func unary(
    _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      map(operation, x + range.lowerBound, y + range.lowerBound, count: range.count)
    }
  }

  /// dx ← dy · f′; dx and dy may be the same.
  package static func unaryBackward(
    _ operation: UnaryOperation, saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      mapBackward(operation, saved: saved + start, dy + start, dx + start, count: range.count)
    }
  }
}
