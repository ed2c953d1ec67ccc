// Time for memory: parts of a computation whose intermediate results are not kept but computed again.
// Read first: Tape.swift, ValueAndGradients.swift; ../Context.swift.

import ApusBase

/// Runs `body` without keeping its intermediate results for the backward pass, which runs it again to get them
/// (Chen et al., arXiv:1604.06174; also called checkpointing).
///
/// Deep stacks need memory for every layer's intermediate results at once. With one of these around each layer, only the
/// layers' inputs are kept, and the intermediate results of one layer at a time:
///
/// ```swift
/// for block in blocks {
///   let input = x
///   x = rematerialized { block(input) }
/// }
/// ```
///
/// Values and gradients are the same bits as without, random numbers included: the second run draws what the first one drew.
/// The body may read parameters and tensors from around it, and be nested. It must compute the same when it runs again: what
/// it changes outside (a counter, a running mean) it should change only where `isRecomputing` is false.
///
/// - Parameter body: computes the result; runs once now, and once in the backward pass if a gradient arrives.
/// - Returns: what `body` returns. Outside `valueAndGradients` that is all.
/// - Complexity: one more forward pass of `body`; of memory, its inputs and its result.
public func rematerialized(_ body: @escaping () -> Tensor) -> Tensor {
  guard let outer = Context.current, let tape = outer.tape else { return body() }

  // The first run finds out what the result depends on, and keeps nothing else.
  let probe = Tape(inside: .tape(tape), forgettingPullbacks: true)
  let streams = StreamLog(continuing: outer.streams)
  // (The closure below holds these two and not the context: that would keep the tape, which keeps the closure.)
  let (isTraining, generator) = (outer.isTraining, outer.generator)
  let first = Context(
    tape: probe, isTraining: isTraining, generator: generator, streams: streams, isRecomputing: outer.isRecomputing)
  var result = Context.$current.withValue(first) { body() }
  guard probe.entry(of: result.node) != nil else { return result }
  if result.node.tape != probe.id { return result }

  let leaves = probe.leaves.map { leaf -> Int in
    switch leaf.key {
    case .variable(let variable): Int(tape.leaf(for: variable).index)
    case .outer(let node): Int(node.index)
    }
  }
  let surroundings = Tape.Surroundings.known(probe.captured)
  let shape = result.shape
  result.node = tape.record(
    "rematerialized",
    [
      Pullback(contributingTo: leaves) { gradient, add in
        let tape = Tape(inside: surroundings)
        let second = Context(
          tape: tape, isTraining: isTraining, generator: generator, streams: streams.replay(), isRecomputing: true)
        let again = Context.$current.withValue(second) { body() }
        require(
          again.shape == shape && tape.leaves.count == leaves.count,
          "rematerialized: the body computed something else when it ran again (shape \(again.shape), first \(shape))")
        // Contributions go on one by one: the sums have the order that they would have without all this.
        tape.forEachContribution(from: again.node, seed: gradient) { leaf, contribution in
          add(leaves[leaf], contribution)
        }
      }
    ])
  return result
}

/// Whether this is the second run of a `rematerialized` body: what the first one changed must not be changed again.
public var isRecomputing: Bool { Context.current?.isRecomputing ?? false }

/// The random streams that a part of a computation drew, so that it can draw the same ones again.
///
/// Used by one task at a time, like the tape.
final class StreamLog: @unchecked Sendable {
  private var drawn: [UInt64] = []
  private let outer: StreamLog?
  /// The next one to draw again; nil: this is the first run.
  private var position: Int?

  /// A log of what is drawn from now on; `outer`'s, too, if a part is inside another part.
  init(continuing outer: StreamLog?) { self.outer = outer }

  private init(replaying drawn: [UInt64]) {
    (self.drawn, outer, position) = (drawn, nil, 0)
  }

  /// The same streams again.
  func replay() -> StreamLog { StreamLog(replaying: drawn) }

  /// The stream of a draw: a new one from `source`, or in a second run the one of the first.
  func stream(from source: () -> UInt64) -> UInt64 {
    if let position {
      require(position < drawn.count, "rematerialized: the body drew more random numbers when it ran again")
      self.position = position + 1
      return drawn[position]
    }
    let stream = outer?.stream(from: source) ?? source()
    drawn.append(stream)
    return stream
  }
}
