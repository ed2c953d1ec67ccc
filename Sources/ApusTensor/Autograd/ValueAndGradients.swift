// The public scopes of differentiation. Read first: Tape.swift, Gradients.swift.

/// Runs `body` in training mode and gives its result with the gradients of all parameters that it read.
///
/// Recording and training mode are on inside the braces, and only there.
///
/// - Parameter body: computes the loss, a single number.
/// - Returns: the loss, and ∂loss/∂p for every parameter p that it depends on.
/// - Complexity: about three times the work of `body`; the memory of all intermediate results that pullbacks need.
/// - Precondition: the result has one element.
public func valueAndGradients(
  _ body: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  let (value, tape) = try recording(body)
  require(
    value.elementCount == 1,
    "valueAndGradients: the result has shape \(value.shape) (expected a single number; sum or average first)")
  let all = tape.gradients(of: value.node, seed: Tensor(repeating: 1, shape: value.shape))
  var gradients = Gradients()
  for (leaf, gradient) in zip(tape.leaves, all) {
    if let gradient, let variable = leaf.key as? Variable { gradients[variable] = gradient }
  }
  return (value.detached, gradients)
}

/// Runs `body` on tensors of its own and gives the result with a function from the result's gradient to theirs
/// (the vector–Jacobian product).
///
/// - Parameters:
///   - inputs: the tensors to differentiate at.
///   - body: gets the inputs, tracked; returns a tensor of any shape.
/// - Returns: the value, and the pullback, which may be called once: from dL/d(value) to dL/d(input) for every input
///   (zeros for those that the value doesn't depend on).
public func valueWithPullback(
  at inputs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, pullback: (Tensor) -> [Tensor]) {
  let variables = inputs.map { Variable($0) }
  let (value, tape) = try recording { try body(variables.map(\.value)) }
  let node = value.node
  return (
    value.detached,
    { seed in
      require(
        seed.shape == value.shape, "pullback: a gradient of shape \(seed.shape) for a value of shape \(value.shape)")
      let all = tape.gradients(of: node, seed: seed)
      var found: [ObjectIdentifier: Tensor] = [:]
      for (leaf, gradient) in zip(tape.leaves, all) { found[ObjectIdentifier(leaf.key)] = gradient }
      return zip(variables, inputs).map { found[ObjectIdentifier($0)] ?? .zeros($1.shape) }
    }
  )
}

/// The gradient of a scalar function at `input`, of the input's shape.
public func gradient(at input: Tensor, of function: (Tensor) throws -> Tensor) rethrows -> Tensor {
  let (value, pullback) = try valueWithPullback(at: [input]) { try function($0[0]) }
  require(value.elementCount == 1, "gradient(at:): the result has shape \(value.shape) (expected a single number)")
  return pullback(Tensor(repeating: 1, shape: value.shape))[0]
}

private func recording(_ body: () throws -> Tensor) rethrows -> (Tensor, Tape) {
  let tape = Tape()
  let context = Context(tape: tape, isTraining: true, generator: Context.current?.generator)
  let value = try Context.$current.withValue(context, operation: body)
  return (value, tape)
}
