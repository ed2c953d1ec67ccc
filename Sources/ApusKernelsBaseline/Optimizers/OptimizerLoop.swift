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
/// (`rule` as for `forEachVector(of:_:)`: a local function that is always inlined.)
@inline(__always)
func update(
  _ s: OptimizerSegment, _ range: Range<Int>, _ p: StepArguments,
  _ rule: (_ w: Lanes, _ g: Lanes, _ state: inout LaneStates) -> Lanes
) {
  let decay = p.isDecoupled ? 1 - p.learningRate * p.weightDecay : 1
  let coupled = p.isDecoupled ? 0 : p.weightDecay
  let (parameter, gradient) = (s.parameter + range.lowerBound, s.gradient + range.lowerBound)
  let first = s.state.0.map { $0 + range.lowerBound }
  let second = s.state.1.map { $0 + range.lowerBound }
  let third = s.state.2.map { $0 + range.lowerBound }
  @inline(__always) func step(_ i: Int, _ count: Int) {
    var state = (Lanes.zero, Lanes.zero, Lanes.zero)
    if let first { state.0 = first.lanes(at: i, count: count) }
    if let second { state.1 = second.lanes(at: i, count: count) }
    if let third { state.2 = third.lanes(at: i, count: count) }
    let (w, g) = (parameter.lanes(at: i, count: count), gradient.lanes(at: i, count: count))
    parameter.store(
      rule(w * decay, multiplyAdd(w, coupled, g * p.gradientScale), &state), at: i, count: count)
    first?.store(state.0, at: i, count: count)
    second?.store(state.1, at: i, count: count)
    third?.store(state.2, at: i, count: count)
  }
  forEachVector(of: range.count, step)
}

func makeOptimizerKernels() -> OptimizerKernels {
  OptimizerKernels(
    descend: { descend($0, $1, $2, $3) },
    moments: { stepAlongMoments($0, $1, $2, $3) },
    largestMoment: { stepByLargestMoment($0, $1, $2, $3) },
    rootMeanSquare: { stepByRootMeanSquare($0, $1, $2, $3) },
    adaptiveDelta: { stepByAdaptiveDelta($0, $1, $2, $3) })
}
