// What operations look up: the current tape, training or inference mode, and the source of randomness.
// Read first: ApusKernels/ThreadBound.swift. Read next: Autograd/ValueAndGradients.swift, which opens such a scope.

import ApusKernels

/// The surroundings of an operation, bound to the current thread by the innermost scope.
///
/// Outside any scope nothing is recorded, layers are in inference mode, and randomness comes from the system. Another
/// thread is outside, and so is a task that the body of a scope starts: they share neither tape nor streams with it, so
/// neither needs a lock. A tensor from a tape of another thread is a constant there, like any tensor of another tape.
final class Context {
  private static let bound = ThreadBound<Context>()

  /// The context of the innermost scope on this thread; nil outside any scope.
  static var current: Context? { bound.current }

  let tape: Tape?
  let isTraining: Bool
  let generator: RandomGenerator?
  /// The log of the random streams drawn in a part that is rematerialized.
  let streams: StreamLog?
  let isRecomputing: Bool

  init(
    tape: Tape?, isTraining: Bool, generator: RandomGenerator?, streams: StreamLog? = nil, isRecomputing: Bool = false
  ) {
    (self.tape, self.isTraining, self.generator) = (tape, isTraining, generator)
    (self.streams, self.isRecomputing) = (streams, isRecomputing)
  }

  /// The current context, or the one outside any scope, with some changes.
  static func changed(
    tape: Tape?? = nil, isTraining: Bool? = nil, generator: RandomGenerator? = nil
  ) -> Context {
    let outer = Context.current
    return Context(
      tape: tape ?? outer?.tape, isTraining: isTraining ?? outer?.isTraining ?? false,
      generator: generator ?? outer?.generator, streams: outer?.streams, isRecomputing: outer?.isRecomputing ?? false)
  }

  /// Runs `body` in this context.
  func run<Result>(_ body: () throws -> Result) rethrows -> Result { try Context.bound.withValue(self, body) }

  /// The tape that operations record on now; nil if they record nothing.
  static var tape: Tape? { current?.tape }
}

/// Whether layers such as dropout are in training mode: inside `valueAndGradients` or `withTrainingMode`, on the thread
/// that runs the body.
public var isTraining: Bool { Context.current?.isTraining ?? false }

/// Runs `body` with layers in training mode (or in inference mode); recording stays as it is.
///
/// The mode holds on the current thread only. A task that the body starts is in inference mode.
public func withTrainingMode<Result>(_ isTraining: Bool = true, _ body: () throws -> Result) rethrows -> Result {
  try Context.changed(isTraining: isTraining).run(body)
}

/// Runs `body` without recording: no gradient flows through what it computes.
public func withoutRecording<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Context.changed(tape: .some(nil)).run(body)
}

/// Runs `body` with all randomness (initial weights, dropout) determined by `seed`.
///
/// The seed holds on the current thread only. Tasks draw in an order that nobody determines, so a task that the body
/// starts does not share the generator; give each one its own with `withSeed` or the `using:` parameters.
public func withSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try withRandomGenerator(RandomGenerator(seed: seed), body)
}

/// Runs `body` with all randomness drawn from `generator`, on the current thread only.
public func withRandomGenerator<Result>(
  _ generator: RandomGenerator, _ body: () throws -> Result
) rethrows -> Result {
  try Context.changed(generator: generator).run(body)
}
