// What operations look up: the running tape, training or inference, the source of randomness.
// Read next: Autograd/ValueAndGradients.swift, which opens such a scope.

/// The surroundings of an operation, bound to the current task.
///
/// Outside any scope the library infers and records nothing, and randomness comes from the system.
final class Context: Sendable {
  @TaskLocal static var current: Context?

  let tape: Tape?
  let isTraining: Bool
  let generator: RandomGenerator?
  /// What has drawn random numbers, or draws them again, in a part that is rematerialized.
  let streams: StreamLog?
  let isRecomputing: Bool

  init(
    tape: Tape?, isTraining: Bool, generator: RandomGenerator?, streams: StreamLog? = nil, isRecomputing: Bool = false
  ) {
    (self.tape, self.isTraining, self.generator) = (tape, isTraining, generator)
    (self.streams, self.isRecomputing) = (streams, isRecomputing)
  }

  /// The surroundings of the scope around this one, or those outside of all, with some changes.
  static func changed(
    tape: Tape?? = nil, isTraining: Bool? = nil, generator: RandomGenerator? = nil
  ) -> Context {
    let outer = Context.current
    return Context(
      tape: tape ?? outer?.tape, isTraining: isTraining ?? outer?.isTraining ?? false,
      generator: generator ?? outer?.generator, streams: outer?.streams, isRecomputing: outer?.isRecomputing ?? false)
  }

  /// The tape that operations record on now.
  static var tape: Tape? { current?.tape }
}

/// Whether layers such as dropout act as in training: inside `valueAndGradients` or `withTrainingMode`.
public var isTraining: Bool { Context.current?.isTraining ?? false }

/// Runs `body` with layers acting as in training (or not), without recording anything else than already is.
public func withTrainingMode<Result>(_ isTraining: Bool = true, _ body: () throws -> Result) rethrows -> Result {
  try Context.$current.withValue(.changed(isTraining: isTraining), operation: body)
}

/// Runs `body` without recording: no gradient flows through what it computes.
public func withoutRecording<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Context.$current.withValue(.changed(tape: .some(nil)), operation: body)
}

/// Runs `body` with all randomness (initial weights, dropout) determined by `seed`.
public func withSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try withRandomGenerator(RandomGenerator(seed: seed), body)
}

/// Runs `body` with all randomness drawn from `generator`.
public func withRandomGenerator<Result>(
  _ generator: RandomGenerator, _ body: () throws -> Result
) rethrows -> Result {
  try Context.$current.withValue(.changed(generator: generator), operation: body)
}
