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
  /// y ← f(x, t)
  static func map(
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    parameter p: Float
  ) {
    var index = 0
    while index + laneCount <= count {
      y.store(value(x.lanes(at: index), t.lanes(at: index), p), at: index)
      index += laneCount
    }
    let rest = count - index
    if rest > 0 {
      let result = value(x.partialLanes(at: index, count: rest), t.partialLanes(at: index, count: rest), p)
      y.storePartial(result, at: index, count: rest)
    }
  }

  /// Σ f(x, t)
  static func total(_ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, parameter p: Float) -> Float {
    sum(
      count, of: { value(x.lanes(at: $0), t.lanes(at: $0), p) },
      tail: { index, count in
        let result = value(x.partialLanes(at: index, count: count), t.partialLanes(at: index, count: count), p)
        var kept = Lanes.zero
        for lane in 0..<count { kept[lane] = result[lane] }
        return kept
      })
  }

  /// dx ← scale · ∂f/∂x, or scale · ∂f/∂t if `isOfTarget`.
  static func mapBackward(
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, isOfTarget: Bool, scales: UnsafePointer<Float>,
    hasScaleForEach: Bool, _ dx: UnsafeMutablePointer<Float>, count: Int, parameter p: Float
  ) {
    @inline(__always) func loop(_ isOfTarget: Bool, _ hasScaleForEach: Bool) {
      let scale = Lanes(repeating: scales[0])
      @inline(__always) func slope(_ x: Lanes, _ t: Lanes) -> Lanes {
        isOfTarget ? targetDerivative(x, t, p) : derivative(x, t, p)
      }
      var index = 0
      while index + laneCount <= count {
        let factor = hasScaleForEach ? scales.lanes(at: index) : scale
        dx.store(slope(x.lanes(at: index), t.lanes(at: index)) * factor, at: index)
        index += laneCount
      }
      let rest = count - index
      if rest > 0 {
        let factor = hasScaleForEach ? scales.partialLanes(at: index, count: rest) : scale
        let value = slope(x.partialLanes(at: index, count: rest), t.partialLanes(at: index, count: rest))
        dx.storePartial(value * factor, at: index, count: rest)
      }
    }
    switch (isOfTarget, hasScaleForEach) {
    case (false, false): loop(false, false)
    case (false, true): loop(false, true)
    case (true, false): loop(true, false)
    case (true, true): loop(true, true)
    }
  }

  @inline(__always) static var loops: PairwiseLoops { (map, total, mapBackward) }
}

/// The loops of one loss; each runs on one worker.
private typealias PairwiseLoops = (
  map: (
    _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
    _ parameter: Float
  ) -> Void,
  total: (_ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ count: Int, _ parameter: Float) -> Float,
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

extension SIMDKernels {
  /// y ← f(x, t)
  package static func pairwiseLoss(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      loops(of: loss.operation).map(x + start, t + start, y + start, range.count, loss.parameter)
    }
  }

  /// Σ f(x, t); the sums of blocks of 16,384 elements are added in Double, and single losses are not stored.
  package static func pairwiseLossSum(
    _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, _ schedule: Schedule
  ) -> Double {
    let grain = 16_384
    let blocks = (count + grain - 1) / grain
    let partial = ScratchBuffer(count: blocks)
    defer { partial.free() }
    let results = partial.pointer
    forEachChunk(of: count, grain: grain, schedule) { range in
      let start = range.lowerBound
      results[start / grain] = loops(of: loss.operation).total(x + start, t + start, range.count, loss.parameter)
    }
    var total = 0.0
    for block in 0..<blocks { total += Double(results[block]) }
    return total
  }

  /// dx ← scale · ∂f/∂x, or ∂f/∂t if `isOfTarget`.
  package static func pairwiseLossBackward(
    _ loss: PairwiseLoss, isOfTarget: Bool, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, scales: RowScales,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
  ) {
    forEachChunk(of: count, grain: 16_384, schedule) { range in
      let start = range.lowerBound
      let scale = scales.hasOneForEach ? scales.elements + start : scales.elements
      loops(of: loss.operation)
        .mapBackward(
          x + start, t + start, isOfTarget, scale, scales.hasOneForEach, dx + start, range.count, loss.parameter)
    }
  }
}
