// The public scopes of differentiation. Read first: Tape.swift, Gradients.swift.

/// Runs `body` in training mode, and returns its result with the gradients of all parameters that it read.
///
/// Recording and training mode are on inside the braces, on the thread that runs them. Work that `body` hands to other
/// threads or tasks is not recorded: parameters read there, and tensors computed there, are constants for the gradients,
/// even if a tracked tensor went in. `DispatchQueue.concurrentPerform` runs some of its iterations on the calling thread,
/// which are recorded, and some elsewhere, which are not; wrap it in `withoutRecording`.
///
/// - Parameter body: computes the loss, a single number.
/// - Returns: the loss, and ∂loss/∂p for every parameter p that it depends on.
/// - Complexity: about three times the work of `body`, and memory for all intermediate results that pullbacks need.
/// - Precondition: the result has one element.
public func valueAndGradients(
  _ body: () throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  let (value, gradients, _) = try valueAndGradients(at: []) { _ in try body() }
  return (value, gradients)
}

/// Runs `body` in training mode on tracked inputs, and returns its result with the gradients of all parameters that it read
/// and of the inputs, from one backward pass.
///
/// ```swift
/// let (loss, gradients, slopes) = valueAndGradients(at: [image]) { x in crossEntropy(model(x[0]), target) }
/// ```
///
/// - Parameters:
///   - inputs: tensors to take gradients with respect to, in addition to the parameters.
///   - body: gets the inputs, tracked; computes the loss, a single number.
/// - Returns: the loss, ∂loss/∂p for every parameter p that it depends on, and ∂loss/∂x for every input x, of its shape (zeros
///   where the loss does not depend on it).
/// - Precondition: the result has one element.
public func valueAndGradients(
  at inputs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients, inputGradients: [Tensor]) {
  let (value, pullback) = try valueWithPullback(at: inputs, body)
  require(
    value.elementCount == 1,
    "valueAndGradients: the result has shape \(value.shape) (expected a single number; sum or average first)")
  let (inputGradients, gradients) = pullback.all(Tensor(repeating: 1, shape: value.shape))
  return (value, gradients, inputGradients)
}

/// The mean loss over parts of a batch that is too large to compute at once, with its gradients.
///
/// The parts are computed and differentiated one after the other, and their gradients are added up in place, so the memory
/// needed is that of one part. If the loss is a mean over examples and all parts have the same size, the result is that of
/// the whole batch, up to rounding.
///
/// ```swift
/// let (loss, gradients) = valueAndGradients(averagingOver: parts) { part in
///   crossEntropy(model(part.inputs), part.targets)
/// }
/// ```
///
/// - Parameters:
///   - parts: the arguments for `body`, one after the other; at least one.
///   - body: computes the loss of a part, a single number.
/// - Returns: the mean of the losses, and its gradients.
public func valueAndGradients<Parts: Collection>(
  averagingOver parts: Parts, _ body: (Parts.Element) throws -> Tensor
) rethrows -> (value: Tensor, gradients: Gradients) {
  require(!parts.isEmpty, "valueAndGradients(averagingOver:): no parts")
  var total = Gradients()
  var sum = 0.0
  for part in parts {
    let (value, gradients) = try valueAndGradients { try body(part) }
    sum += Double(value.scalar)
    total += gradients
  }
  return (Tensor(Float(sum / Double(parts.count))), total * (1 / Float(parts.count)))
}

/// Runs `body` in training mode on tracked inputs, and returns its result with a function from the result's gradient to
/// the inputs' gradients (the vector–Jacobian product).
///
/// - Parameters:
///   - inputs: the tensors to differentiate at.
///   - body: gets the inputs, tracked; returns a tensor of any shape.
/// - Returns: the value, and the pullback, which can be called once.
public func valueWithPullback(
  at inputs: [Tensor], _ body: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, pullback: ValuePullback) {
  let variables = inputs.map { Variable($0) }
  let tape = Tape()
  // Inside a part that is rematerialized, the second run must draw the same random numbers here, too.
  let context = Context(
    tape: tape, isTraining: true, generator: Context.current?.generator, streams: Context.current?.streams,
    isRecomputing: isRecomputing)
  let value = try context.run { try body(variables.map(\.value)) }
  return (value.detached, ValuePullback(tape: tape, root: value.node, shape: value.shape, inputs: variables))
}

/// The function from the gradient of a computed value to the gradients of its inputs; it can be called once.
public struct ValuePullback {
  fileprivate let tape: Tape
  fileprivate let root: TapeNode
  fileprivate let shape: Shape
  fileprivate let inputs: [Variable]

  /// The gradients of the inputs, each of its input's shape (zeros where the value does not depend on the input).
  ///
  /// - Parameter gradient: dL/d(value), of the value's shape.
  public func callAsFunction(_ gradient: Tensor) -> [Tensor] { all(gradient).inputs }

  /// The gradients of the inputs, and of all parameters that were read in the body.
  ///
  /// - Parameter gradient: dL/d(value), of the value's shape.
  public func all(_ gradient: Tensor) -> (inputs: [Tensor], parameters: Gradients) {
    require(
      gradient.shape == shape, "pullback: a gradient of shape \(gradient.shape) for a value of shape \(shape)")
    var parameters = Gradients()
    for (leaf, gradient) in zip(tape.leaves, tape.gradients(of: root, seed: gradient)) {
      if let gradient, case .variable(let variable) = leaf.key { parameters[variable] = gradient }
    }
    let gradients = inputs.map { input -> Tensor in
      let gradient = parameters[input]
      parameters[input] = nil
      return gradient ?? .zeros(input.value.shape)
    }
    return (gradients, parameters)
  }
}

/// The gradient of a scalar function at `input`, of the input's shape.
public func gradient(at input: Tensor, of function: (Tensor) throws -> Tensor) rethrows -> Tensor {
  let (value, pullback) = try valueWithPullback(at: [input]) { try function($0[0]) }
  require(value.elementCount == 1, "gradient(at:): the result has shape \(value.shape) (expected a single number)")
  return pullback(Tensor(repeating: 1, shape: value.shape))[0]
}
