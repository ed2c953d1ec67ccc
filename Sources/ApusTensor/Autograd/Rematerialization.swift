// Trading time for memory: parts of a computation whose intermediate results are computed again instead of kept.
// Read first: Tape.swift, ValueAndGradients.swift; ../Context.swift.

/// Runs `body` without keeping its intermediate results for the backward pass, which runs it again to get them
/// (Chen et al., arXiv:1604.06174; also called checkpointing).
///
/// A deep stack needs memory for the intermediate results of all layers at once. With `rematerialized` around each layer,
/// only the layers' inputs are kept, and the intermediate results of one layer at a time:
///
/// ```swift
/// for block in blocks {
///   let input = x
///   x = rematerialized { block(input) }
/// }
/// ```
///
/// Values and gradients have the same bits as without it, since the second run draws the same random numbers as the first.
/// The body may read parameters and tensors from outside, and may contain other rematerialized parts. It must compute the
/// same result when it runs again. If it changes something outside (a counter, a running mean), it should do so only where
/// `isRecomputing` is false.
///
/// - Parameter body: computes the result; runs once now, and once in the backward pass if a gradient arrives.
/// - Returns: the result of `body`. Outside `valueAndGradients` nothing else happens.
/// - Complexity: one more forward pass of `body`; memory for its inputs and its result.
public func rematerialized(_ body: @escaping () -> Tensor) -> Tensor {
  guard let outer = Context.current, let tape = outer.tape else { return body() }

  // The first run finds out which leaves the result depends on, and keeps nothing else.
  let probe = Tape(inside: .tape(tape), forgettingPullbacks: true)
  let streams = StreamLog(continuing: outer.streams)
  // (The closure below holds these two instead of the context, which would keep the tape, which keeps the closure.)
  let (isTraining, generator) = (outer.isTraining, outer.generator)
  let first = Context(
    tape: probe, isTraining: isTraining, generator: generator, streams: streams, isRecomputing: outer.isRecomputing)
  var result = first.run(body)
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
        let again = second.run(body)
        require(
          again.shape == shape && tape.leaves.count == leaves.count,
          "rematerialized: the body computed something else when it ran again (shape \(again.shape), first \(shape))")
        // Contributions are passed on one by one, so that sums are rounded in the same order as without recomputation.
        tape.forEachContribution(from: again.node, seed: gradient) { leaf, contribution in
          add(leaves[leaf], contribution)
        }
      }
    ])
  return result
}

/// Whether this is the second run of a `rematerialized` body, which must not repeat the first run's side effects.
public var isRecomputing: Bool { Context.current?.isRecomputing ?? false }

/// The random streams that a part of a computation drew, so that a second run can draw the same ones.
///
/// Used by one thread at a time, like the tape.
final class StreamLog {
  private var drawn: [UInt64] = []
  private let outer: StreamLog?
  /// The position of the next stream in a second run; nil in the first run.
  private var position: Int?

  /// An empty log. Its entries go to `outer` as well if this part is inside another one.
  init(continuing outer: StreamLog?) { self.outer = outer }

  private init(replaying drawn: [UInt64]) {
    (self.drawn, outer, position) = (drawn, nil, 0)
  }

  /// A log that returns the same streams again.
  func replay() -> StreamLog { StreamLog(replaying: drawn) }

  /// The stream for a draw: a new one from `source`, or in a second run the stream that the first run drew.
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
