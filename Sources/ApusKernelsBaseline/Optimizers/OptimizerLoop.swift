// The loop that all optimizers share: every array is read once and written once. Read next: Moments.swift, the first rules.

import ApusKernelTypes

/// Elements in a tile; shorter parameters share one.
private let grain = 8_192

/// Calls `body` for parts of segments that together cover all segments.
///
/// The segments are treated as one long array that is cut into tiles, so that many small parameters are scheduled once.
@inline(__always)
func forEachPart(
  of segments: OptimizerSegments, _ schedule: Schedule,
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

/// A vector of each array of state; zeros where the rule has none.
typealias LaneStates = (Lanes, Lanes, Lanes)

/// p, state ← rule(p, g, state) for every element of `range`, after the gradient was scaled and weight decay applied.
///
/// - Parameter rule: A local function that is always inlined, as for `forEachVector(of:_:)`.
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
