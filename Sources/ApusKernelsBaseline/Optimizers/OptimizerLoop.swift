// The loop that all optimizers share: every stream is read once and written once. Read next: Moments.swift, a rule.

import ApusKernelTypes

/// Elements in a tile; parameters shorter than that share one.
private let grain = 8_192

/// Calls `body` for parts of segments that together are all of them.
///
/// The segments are one long array cut into tiles, so that many small parameters cost one hand-out.
@inline(__always)
func forEachPart(
  of segments: UnsafeBufferPointer<OptimizerSegment>, _ schedule: Schedule,
  _ body: (OptimizerSegment, Range<Int>) -> Void
) {
  let total = segments.reduce(0) { $0 + $1.count }
  forEachChunk(of: total, grain: grain, schedule) { range in
    var start = 0
    for segment in segments {
      let end = start + segment.count
      let part = max(start, range.lowerBound)..<max(max(start, range.lowerBound), min(end, range.upperBound))
      if !part.isEmpty { body(segment, part.lowerBound - start..<part.upperBound - start) }
      start = end
      if start >= range.upperBound { break }
    }
  }
}

/// A vector of each array beside a parameter; zeros where the rule has none.
typealias LaneStates = (Lanes, Lanes, Lanes)

/// p, state ← rule(p, g, state) for every element of `range`, with the gradient scaled and the weights decayed before.
@inline(__always)
func update(
  _ s: OptimizerSegment, _ range: Range<Int>, _ p: StepArguments,
  _ rule: (_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes
) {
  let decay = p.isDecoupled ? 1 - p.learningRate * p.weightDecay : 1
  let coupled = p.isDecoupled ? 0 : p.weightDecay
  @inline(__always) func step(_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes {
    rule(w * decay, multiplyAdd(w, coupled, g * p.gradientScale), &state)
  }
  forEachVector(in: range) { i in
    var state = (
      s.state.0.map { $0.lanes(at: i) } ?? .zero, s.state.1.map { $0.lanes(at: i) } ?? .zero,
      s.state.2.map { $0.lanes(at: i) } ?? .zero
    )
    s.parameter.store(step(s.parameter.lanes(at: i), s.gradient.lanes(at: i), &state), at: i)
    if let target = s.state.0 { target.store(state.0, at: i) }
    if let target = s.state.1 { target.store(state.1, at: i) }
    if let target = s.state.2 { target.store(state.2, at: i) }
  } tail: { i, count in
    var state = (
      s.state.0.map { $0.partialLanes(at: i, count: count) } ?? .zero,
      s.state.1.map { $0.partialLanes(at: i, count: count) } ?? .zero,
      s.state.2.map { $0.partialLanes(at: i, count: count) } ?? .zero
    )
    let (w, g) = (s.parameter.partialLanes(at: i, count: count), s.gradient.partialLanes(at: i, count: count))
    s.parameter.storePartial(step(w, g, &state), at: i, count: count)
    if let target = s.state.0 { target.storePartial(state.0, at: i, count: count) }
    if let target = s.state.1 { target.storePartial(state.1, at: i, count: count) }
    if let target = s.state.2 { target.storePartial(state.2, at: i, count: count) }
  }
}

func makeOptimizerKernels() -> OptimizerKernels {
  OptimizerKernels(
    descend: { descend($0, $1, $2, $3) },
    moments: { stepAlongMoments($0, $1, $2, $3) },
    largestMoment: { stepByLargestMoment($0, $1, $2, $3) },
    rootMeanSquare: { stepByRootMeanSquare($0, $1, $2, $3) },
    adaptiveDelta: { stepByAdaptiveDelta($0, $1, $2, $3) })
}
