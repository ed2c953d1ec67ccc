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

  init(tape: Tape?, isTraining: Bool, generator: RandomGenerator?) {
    self.tape = tape
    self.isTraining = isTraining
    self.generator = generator
  }

  /// The tape that operations record on now.
  static var tape: Tape? { current?.tape }
}

/// Whether layers such as dropout act as in training: inside `valueAndGradients` or `withTrainingMode`.
public var isTraining: Bool { Context.current?.isTraining ?? false }

/// Runs `body` with layers acting as in training (or not), without recording anything else than already is.
public func withTrainingMode<Result>(_ isTraining: Bool = true, _ body: () throws -> Result) rethrows -> Result {
  let outer = Context.current
  let context = Context(tape: outer?.tape, isTraining: isTraining, generator: outer?.generator)
  return try Context.$current.withValue(context, operation: body)
}

/// Runs `body` without recording: no gradient flows through what it computes.
public func withoutRecording<Result>(_ body: () throws -> Result) rethrows -> Result {
  let outer = Context.current
  let context = Context(tape: nil, isTraining: outer?.isTraining ?? false, generator: outer?.generator)
  return try Context.$current.withValue(context, operation: body)
}

/// Runs `body` with all randomness (initial weights, dropout) determined by `seed`.
public func withSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try withRandomGenerator(RandomGenerator(seed: seed), body)
}

/// Runs `body` with all randomness drawn from `generator`.
public func withRandomGenerator<Result>(
  _ generator: RandomGenerator, _ body: () throws -> Result
) rethrows -> Result {
  let outer = Context.current
  let context = Context(tape: outer?.tape, isTraining: outer?.isTraining ?? false, generator: generator)
  return try Context.$current.withValue(context, operation: body)
}
