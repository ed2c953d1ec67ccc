// Losses between a prediction and a target, element by element: values, their sum, and the derivative by either.
// Read first: ApusKernelsReference/ReferenceLosses.swift. Read next: ApusTensor/Ops/Losses.swift.

import ApusKernelTypes

/// A loss f(x, t) with a parameter, and its derivatives.
///
/// Every loop below is compiled once for each conforming type, so that the function is part of the loop.
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
    // (max(x, 0) − t·x) is exactly 0 far out where the target is right.
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

@inline(never)
private func values<F: PairwiseCurve>(
  _ curve: F.Type, _ p: Float, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  count: Int
) {
  var index = 0
  while index + laneCount <= count {
    y.store(F.value(x.lanes(at: index), t.lanes(at: index), p), at: index)
    index += laneCount
  }
  let rest = count - index
  if rest > 0 {
    let value = F.value(x.partialLanes(at: index, count: rest), t.partialLanes(at: index, count: rest), p)
    y.storePartial(value, at: index, count: rest)
  }
}

@inline(never)
private func sumOfValues<F: PairwiseCurve>(
  _ curve: F.Type, _ p: Float, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int
) -> Float {
  sum(
    count, of: { F.value(x.lanes(at: $0), t.lanes(at: $0), p) },
    tail: { index, count in
      let value = F.value(x.partialLanes(at: index, count: count), t.partialLanes(at: index, count: count), p)
      var kept = Lanes.zero
      for lane in 0..<count { kept[lane] = value[lane] }
      return kept
    })
}

@inline(never)
private func derivatives<F: PairwiseCurve>(
  _ curve: F.Type, isOfTarget: Bool, _ p: Float, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>,
  scales: UnsafePointer<Float>, hasScaleForEach: Bool, _ dx: UnsafeMutablePointer<Float>, count: Int
) {
  @inline(__always) func loop(_ isOfTarget: Bool, _ hasScaleForEach: Bool) {
    let scale = Lanes(repeating: scales[0])
    @inline(__always) func slope(_ x: Lanes, _ t: Lanes) -> Lanes {
      isOfTarget ? F.targetDerivative(x, t, p) : F.derivative(x, t, p)
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

/// y ← f(x, t)
func pairwiseLoss(
  _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
  count: Int, _ schedule: Schedule
) {
  let p = loss.parameter
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    let (x, t, y, count) = (x + range.lowerBound, t + range.lowerBound, y + range.lowerBound, range.count)
    switch loss.operation {
    case .squared: values(SquaredError.self, p, x, t, y, count: count)
    case .absolute: values(AbsoluteError.self, p, x, t, y, count: count)
    case .smoothAbsolute: values(SmoothAbsoluteError.self, p, x, t, y, count: count)
    case .huber: values(HuberLoss.self, p, x, t, y, count: count)
    case .binaryCrossEntropy: values(BinaryCrossEntropy.self, p, x, t, y, count: count)
    case .divergence: values(Divergence.self, p, x, t, y, count: count)
    case .logDivergence: values(LogDivergence.self, p, x, t, y, count: count)
    }
  }
}

/// Σ f(x, t), in Double across blocks of 16,384; the single losses are never stored.
func pairwiseLossSum(
  _ loss: PairwiseLoss, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, count: Int, _ schedule: Schedule
) -> Double {
  let grain = 16_384
  let blocks = (count + grain - 1) / grain
  let partial = ScratchBuffer(count: blocks)
  defer { partial.free() }
  let (results, p) = (partial.pointer, loss.parameter)
  forEachChunk(of: count, grain: grain, schedule) { range in
    let (x, t, count) = (x + range.lowerBound, t + range.lowerBound, range.count)
    let block = range.lowerBound / grain
    switch loss.operation {
    case .squared: results[block] = sumOfValues(SquaredError.self, p, x, t, count: count)
    case .absolute: results[block] = sumOfValues(AbsoluteError.self, p, x, t, count: count)
    case .smoothAbsolute: results[block] = sumOfValues(SmoothAbsoluteError.self, p, x, t, count: count)
    case .huber: results[block] = sumOfValues(HuberLoss.self, p, x, t, count: count)
    case .binaryCrossEntropy: results[block] = sumOfValues(BinaryCrossEntropy.self, p, x, t, count: count)
    case .divergence: results[block] = sumOfValues(Divergence.self, p, x, t, count: count)
    case .logDivergence: results[block] = sumOfValues(LogDivergence.self, p, x, t, count: count)
    }
  }
  var total = 0.0
  for block in 0..<blocks { total += Double(results[block]) }
  return total
}

/// dx ← scale · ∂f/∂x, or ∂f/∂t if `isOfTarget`.
func pairwiseLossBackward(
  _ loss: PairwiseLoss, isOfTarget: Bool, _ x: UnsafePointer<Float>, _ t: UnsafePointer<Float>, scales: RowScales,
  _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule
) {
  let (p, hasEach) = (loss.parameter, scales.hasOneForEach)
  forEachChunk(of: count, grain: 16_384, schedule) { range in
    let (x, t, dx) = (x + range.lowerBound, t + range.lowerBound, dx + range.lowerBound)
    let scales = hasEach ? scales.elements + range.lowerBound : scales.elements
    @inline(__always) func run<F: PairwiseCurve>(_ curve: F.Type) {
      derivatives(
        curve, isOfTarget: isOfTarget, p, x, t, scales: scales, hasScaleForEach: hasEach, dx, count: range.count)
    }
    switch loss.operation {
    case .squared: run(SquaredError.self)
    case .absolute: run(AbsoluteError.self)
    case .smoothAbsolute: run(SmoothAbsoluteError.self)
    case .huber: run(HuberLoss.self)
    case .binaryCrossEntropy: run(BinaryCrossEntropy.self)
    case .divergence: run(Divergence.self)
    case .logDivergence: run(LogDivergence.self)
    }
  }
}
