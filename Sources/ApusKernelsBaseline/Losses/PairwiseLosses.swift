// Losses between predictions and targets, element by element: the values, their sum, and the derivative by either.
// Read first: ApusKernelsReference/ReferenceLosses.swift. Read next: ApusTensor/Ops/Losses.swift.

package import ApusKernelTypes

/// A loss f(x, t) with a parameter, and its derivatives by x and by t.
///
/// The loops below are compiled once for each conforming type, so that the function becomes part of the loop.
private protocol PairwiseCurve {
  static func value(_ x: Lanes, _ t: Lanes, _ parameter: Float) -> Lanes
  static func derivative(_ x: Lanes, _ t: Lanes, _ parameter: Float) -> Lanes
  static func targetDerivative(_ x: Lanes, _ t: Lanes, _ parameter: Float) -> Lanes
}

/// A loss that depends on x − t alone.
private protocol DistanceCurve: PairwiseCurve {
  static func derivative(ofDistance d: Lanes, _ parameter: Float) -> Lanes
}

extension DistanceCurve {
  @inline(__always) static func derivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    derivative(ofDistance: x - t, p)
  }
  @inline(__always) static func targetDerivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    -derivative(ofDistance: x - t, p)
  }
}

/// −1 or 1, and d itself where it is 0.
@inline(__always)
private func sign(_ d: Lanes) -> Lanes { copySign(Lanes(repeating: 1), from: d).replacing(with: d, where: d .== 0) }

private enum SquaredError: DistanceCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { squared(x - t) }
  @inline(__always) static func derivative(ofDistance d: Lanes, _ p: Float) -> Lanes { d + d }
}

private enum AbsoluteError: DistanceCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { magnitude(x - t) }
  @inline(__always) static func derivative(ofDistance d: Lanes, _ p: Float) -> Lanes { sign(d) }
}

private enum SmoothAbsoluteError: DistanceCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    let size = magnitude(x - t)
    return (size - 0.5 * p).replacing(with: 0.5 * size * (size / p), where: size .< p)
  }
  @inline(__always) static func derivative(ofDistance d: Lanes, _ p: Float) -> Lanes {
    sign(d).replacing(with: d / p, where: magnitude(d) .< p)
  }
}

/// Huber, Annals of Mathematical Statistics 35, 1964.
private enum HuberLoss: DistanceCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    let size = magnitude(x - t)
    return (p * (size - 0.5 * p)).replacing(with: 0.5 * size * size, where: size .<= p)
  }
  @inline(__always) static func derivative(ofDistance d: Lanes, _ p: Float) -> Lanes { clamped(d, to: p) }
}

/// ln(1 + eˣ) − t·x, with ln(1 + eˣ) = max(x, 0) + ln(1 + e^(−|x|)).
private enum BinaryCrossEntropy: PairwiseCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    // max(x, 0) − t·x is exactly 0 for a large logit whose target is right.
    multiplyAdd(-t, x, x.replacing(with: 0, where: x .< 0)) + logOfOnePlus(exp(-magnitude(x)))
  }
  @inline(__always) static func derivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { sigmoid(x) - t }
  @inline(__always) static func targetDerivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { -x }
}

private enum Divergence: PairwiseCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes {
    (t * (log(t) - x)).replacing(with: 0, where: t .== 0)
  }
  @inline(__always) static func derivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { -t }
  @inline(__always) static func targetDerivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { log(t) + 1 - x }
}

private enum LogDivergence: PairwiseCurve {
  @inline(__always) static func value(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { exp(t) * (t - x) }
  @inline(__always) static func derivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { -exp(t) }
  @inline(__always) static func targetDerivative(_ x: Lanes, _ t: Lanes, _ p: Float) -> Lanes { exp(t) * (t - x + 1) }
}

extension PairwiseCurve {
  /// y ← f(x, t) on whole vectors.
  static func map(
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    parameter p: Float
  ) {
    var index = 0
    while index < count {
      y.store(value(x.lanes(at: index), t.lanes(at: index), p), at: index)
      index &+= laneCount
    }
  }

  /// dx ← scale · ∂f/∂x, or scale · ∂f/∂t if `isOfTarget`, on whole vectors.
  ///
  /// - Parameter scales: A vector of scales, or a scale for each element.
  static func mapBackward(
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, isOfTarget: Bool, scales: UnsafePointer<Float>,
    hasScaleForEach: Bool, _ dx: UnsafeMutablePointer<Float>, count: Int, parameter p: Float
  ) {
    guard count > 0 else { return }
    let scale = scales.lanes(at: 0)
    if isOfTarget {
      var index = 0
      while index < count {
        let slope = targetDerivative(x.lanes(at: index), t.lanes(at: index), p)
        dx.store(slope * (hasScaleForEach ? scales.lanes(at: index) : scale), at: index)
        index &+= laneCount
      }
    } else {
      var index = 0
      while index < count {
        let slope = derivative(x.lanes(at: index), t.lanes(at: index), p)
        dx.store(slope * (hasScaleForEach ? scales.lanes(at: index) : scale), at: index)
        index &+= laneCount
      }
    }
  }

  @inline(__always) static var loops: PairwiseLoops { (map, mapBackward) }
}

/// The loops of one loss over whole vectors; each runs on one worker.
private typealias PairwiseLoops = (
  map: (
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
    _ parameter: Float
  ) -> Void,
  mapBackward: (
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ isOfTarget: Bool, _ scales: UnsafePointer<Float>,
    _ hasScaleForEach: Bool, _ dx: UnsafeMutablePointer<Float>, _ count: Int, _ parameter: Float
  ) -> Void
)

/// The loops of the loss that `operation` names.
@inline(__always)
private func loops(of operation: PairwiseOperation) -> PairwiseLoops {
  switch operation {
  case .squared: SquaredError.loops
  case .absolute: AbsoluteError.loops
  case .smoothAbsolute: SmoothAbsoluteError.loops
  case .huber: HuberLoss.loops
  case .binaryCrossEntropy: BinaryCrossEntropy.loops
  case .divergence: Divergence.loops
  case .logDivergence: LogDivergence.loops
  }
}

/// y ← f(x, t) on one worker.
private func map(
  _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  count: Int
) {
  let loop = loops(of: loss.operation).map
  let rest = count % laneCount
  loop(x, t, y, count - rest, loss.parameter)
  guard rest > 0 else { return }
  var (input, target) = (x.partialLanes(at: count - rest, count: rest), t.partialLanes(at: count - rest, count: rest))
  onVector(&input) { input in onVector(&target) { loop(input, $0, $0, laneCount, loss.parameter) } }
  y.storePartial(target, at: count - rest, count: rest)
}

/// dx ← scale · ∂f/∂x, or scale · ∂f/∂t if `isOfTarget`, on one worker.
private func mapBackward(
  _ loss: PairwiseLoss, isOfTarget: Bool, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, scales: RowScales,
  _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  let loop = loops(of: loss.operation).mapBackward
  let rest = count % laneCount
  var scale = Lanes(repeating: scales.elements[0])
  if scales.hasOneForEach {
    loop(x, t, isOfTarget, scales.elements, true, dx, count - rest, loss.parameter)
  } else {
    onVector(&scale) { loop(x, t, isOfTarget, $0, false, dx, count - rest, loss.parameter) }
  }
  guard rest > 0 else { return }
  if scales.hasOneForEach { scale = scales.elements.partialLanes(at: count - rest, count: rest) }
  var (input, target) = (x.partialLanes(at: count - rest, count: rest), t.partialLanes(at: count - rest, count: rest))
  onVector(&input) { input in
    onVector(&target) { target in
      onVector(&scale) { loop(input, target, isOfTarget, $0, false, target, laneCount, loss.parameter) }
    }
  }
  dx.storePartial(target, at: count - rest, count: rest)
}

extension SIMDKernels {
  /// y ← f(x, t)
  package static func pairwiseLoss(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      map(loss, x + start, t + start, y + start, count: range.count)
    }
  }

  /// Σ f(x, t); the sums of blocks of 16,384 elements are added in Double.
  package static func pairwiseLossSum(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, _ schedule: Schedule
  ) -> Double {
    let (grain, piece) = (16_384, 1_024)
    let blocks = (count + grain - 1) / grain
    // A result for each block, and for each worker the losses of a piece, which stay in the first-level cache.
    let scratch = ScratchBuffer(count: blocks + piece * schedule.workers)
    defer { scratch.free() }
    let results = scratch.pointer
    runTiles(blocks, schedule) { block, worker in
      let losses = results + blocks + worker * piece
      let end = min(count, (block + 1) * grain)
      var sums: RowSums = (.zero, .zero, .zero, .zero)
      var start = block * grain
      while start < end {
        let length = min(piece, end - start)
        map(loss, x + start, t + start, losses, count: length)
        add(losses, count: length, to: &sums)
        start += length
      }
      results[block] = total(sums)
    }
    var sum = 0.0
    for block in 0..<blocks { sum += Double(results[block]) }
    return sum
  }

  /// dx ← scale · ∂f/∂x, or ∂f/∂t if `isOfTarget`.
  package static func pairwiseLossBackward(
    _ loss: PairwiseLoss, isOfTarget: Bool, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, scales: RowScales,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      var scales = scales
      if scales.hasOneForEach { scales.elements += start }
      mapBackward(loss, isOfTarget: isOfTarget, x + start, t + start, scales: scales, dx + start, count: range.count)
    }
  }
}
