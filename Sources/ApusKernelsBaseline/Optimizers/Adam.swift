// One fused step of Adam (Kingma, Ba, arXiv:1412.6980) or AdamW (Loshchilov, Hutter, arXiv:1711.05101) over all
// parameters of a model: four streams read, three written, once. Read next: ApusTraining/Adam.swift.

import ApusKernelTypes

/// Elements in a tile; parameters shorter than that share one.
private let grain = 8_192

/// For every segment: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − η · (m/c₁) / (√(v/c₂) + ε).
///
/// The segments are one long array cut into tiles, so that many small parameters cost one hand-out.
func adamStep(_ segments: UnsafeBufferPointer<AdamSegment>, _ p: AdamArguments, _ schedule: Schedule) {
  let total = segments.reduce(0) { $0 + $1.count }
  forEachChunk(of: total, grain: grain, schedule) { range in
    var start = 0
    for segment in segments {
      let end = start + segment.count
      let part = max(start, range.lowerBound)..<max(max(start, range.lowerBound), min(end, range.upperBound))
      if !part.isEmpty { update(segment, part.lowerBound - start..<part.upperBound - start, p) }
      start = end
      if start >= range.upperBound { break }
    }
  }
}

private func update(_ s: AdamSegment, _ range: Range<Int>, _ p: AdamArguments) {
  let (step, decay) = (p.learningRate / p.correction1, 1 - p.learningRate * p.weightDecay)
  let inverseRoot = 1 / p.correction2.squareRoot()
  let (keep1, keep2) = (1 - p.beta1, 1 - p.beta2)
  @inline(__always) func one(
    _ w: Lanes, _ g: Lanes, _ m: Lanes, _ v: Lanes, _ top: Lanes
  ) -> (w: Lanes, m: Lanes, v: Lanes, top: Lanes) {
    var g = g * p.gradientScale
    if !p.isDecoupled { g = multiplyAdd(w, p.weightDecay, g) }
    let m = multiplyAdd(m, p.beta1, g * keep1)
    let v = multiplyAdd(v, p.beta2, g * g * keep2)
    let top = maximum(top, v)
    let second = s.largestSecondMoment == nil ? v : top
    let decayed = p.isDecoupled ? w * decay : w
    let w = decayed - step * m / (squareRoot(second) * inverseRoot + p.epsilon)
    return (w, m, v, top)
  }
  forEachVector(in: range) { i in
    let top = s.largestSecondMoment.map { $0.lanes(at: i) } ?? .zero
    let new = one(
      s.parameter.lanes(at: i), s.gradient.lanes(at: i), s.firstMoment.lanes(at: i), s.secondMoment.lanes(at: i), top)
    s.parameter.store(new.w, at: i)
    s.firstMoment.store(new.m, at: i)
    s.secondMoment.store(new.v, at: i)
    if let largest = s.largestSecondMoment { largest.store(new.top, at: i) }
  } tail: { i, count in
    let top = s.largestSecondMoment.map { $0.partialLanes(at: i, count: count) } ?? .zero
    let new = one(
      s.parameter.partialLanes(at: i, count: count), s.gradient.partialLanes(at: i, count: count),
      s.firstMoment.partialLanes(at: i, count: count), s.secondMoment.partialLanes(at: i, count: count), top)
    s.parameter.storePartial(new.w, at: i, count: count)
    s.firstMoment.storePartial(new.m, at: i, count: count)
    s.secondMoment.storePartial(new.v, at: i, count: count)
    if let largest = s.largestSecondMoment { largest.storePartial(new.top, at: i, count: count) }
  }
}
