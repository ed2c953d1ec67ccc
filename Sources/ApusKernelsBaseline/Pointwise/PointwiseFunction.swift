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

  // The loops are statements: where their bodies were closures, the compiler called the closure for every vector.

  /// y ← f(x); x and y may be the same.
  static func map(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index + laneCount <= count {
      y.store(value(x.lanes(at: index)), at: index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 { y.storePartial(value(x.partialLanes(at: index, count: rest)), at: index, count: rest) }
  }

  /// y ← f(x) and slopes ← f′(x); x and y may be the same.
  static func mapWithSlopes(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index + laneCount <= count {
      let (value, slope) = valueAndSlope(x.lanes(at: index))
      y.store(value, at: index)
      slopes.store(slope, at: index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let (value, slope) = valueAndSlope(x.partialLanes(at: index, count: rest))
      y.storePartial(value, at: index, count: rest)
      slopes.storePartial(slope, at: index, count: rest)
    }
  }

  /// dx ← dy · f′, from what `savesResult` says; dx and dy may be the same.
  static func mapBackward(
    saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, count: Int
  ) {
    var index = 0
    while index + laneCount <= count {
      dx.store(dy.lanes(at: index) * derivative(saved.lanes(at: index)), at: index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let slope = derivative(saved.partialLanes(at: index, count: rest))
      dx.storePartial(dy.partialLanes(at: index, count: rest) * slope, at: index, count: rest)
    }
  }

  /// The loops as values. (Existential metatypes would do as well, but Embedded Swift has none.)
  @inline(__always) static var loops: PointwiseLoops { (map, mapWithSlopes, mapBackward) }
}

/// The loops of one function; each runs on one worker.
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

extension SIMDKernels {
  /// y ← f(x); x and y may be the same.
  package static func unary(
    _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      loops(of: operation).map(x + range.lowerBound, y + range.lowerBound, range.count)
    }
  }

  /// dx ← dy · f′; dx and dy may be the same.
  package static func unaryBackward(
    _ operation: UnaryOperation, saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      loops(of: operation).mapBackward(saved + start, dy + start, dx + start, range.count)
    }
  }
}
