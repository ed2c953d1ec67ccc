// How an operation defines its gradient: `recorded` and `wrt`.
// Read first: Tape.swift. Read next: Ops/Arithmetic.swift for short examples.

/// The function from the gradient of an operation's result to the gradients of one or several of its inputs.
public struct Pullback {
  private enum Path {
    case one(Int, (Tensor) -> Tensor)
    case several(TrackedInputs, (Tensor, TrackedInputs) -> [Tensor?])
    case part(Int, Shape, (Tensor, inout Tensor) -> Void)
    case contributions((Tensor, (_ input: Int, Contribution) -> Void) -> Void)
    case none
  }

  private let path: Path

  /// Whether any input is on the tape.
  var isNeeded: Bool { if case .none = path { false } else { true } }

  init(_ input: Tensor, on tape: Tape?, _ gradient: @escaping (Tensor) -> Tensor) {
    path = tape?.entry(of: input.node).map { Path.one($0, gradient) } ?? Path.none
  }

  init(_ inputs: [Tensor?], on tape: Tape?, _ gradients: @escaping (Tensor, TrackedInputs) -> [Tensor?]) {
    let inputs = TrackedInputs(entries: inputs.map { input in input.flatMap { tape?.entry(of: $0.node) } ?? -1 })
    path = inputs.isEmpty ? .none : .several(inputs, gradients)
  }

  init(part input: Tensor, on tape: Tape?, _ add: @escaping (Tensor, inout Tensor) -> Void) {
    path = tape?.entry(of: input.node).map { Path.part($0, input.shape, add) } ?? Path.none
  }

  /// A function that passes any number of contributions to any of these entries.
  init(contributingTo entries: [Int], _ run: @escaping (Tensor, (_ input: Int, Contribution) -> Void) -> Void) {
    path = entries.isEmpty ? .none : .contributions(run)
  }

  /// Computes the gradients and passes each to `add` with the entry of its input.
  ///
  /// - Parameter operation: the name for messages.
  func run(_ gradient: Tensor, of operation: StaticString, add: (_ input: Int, Contribution) -> Void) {
    switch path {
    case .one(let input, let function):
      add(input, .whole(function(gradient)))
    case .part(let input, let shape, let function):
      add(input, .change(shape) { total in function(gradient, &total) })
    case .several(let inputs, let function):
      let gradients = function(gradient, inputs)
      require(
        gradients.count == inputs.entries.count,
        "\(operation): the pullback returned \(gradients.count) gradients for \(inputs.entries.count) inputs")
      for (position, input) in inputs.entries.enumerated() where input >= 0 {
        guard let gradient = gradients[position] else {
          requirementFailure("\(operation): the pullback returned nil for input \(position), which is tracked")
        }
        add(input, .whole(gradient))
      }
    case .contributions(let function):
      function(gradient, add)
    case .none:
      break
    }
  }
}

/// Which inputs of an operation are tracked, so that a pullback for several inputs can skip the other gradients.
public struct TrackedInputs: Sendable {
  /// The entry of every input; −1 for constants and absent inputs.
  fileprivate let entries: [Int]

  fileprivate var isEmpty: Bool { !entries.contains { $0 >= 0 } }

  /// Whether the gradient of an input is needed; `position` counts the inputs given to `wrt` from 0.
  public subscript(position: Int) -> Bool { entries[position] >= 0 }
}

/// What one use of a tensor adds to the tensor's gradient.
enum Contribution {
  /// A gradient to add.
  case whole(Tensor)
  /// A function that adds to the sum so far in place. The sum has this shape and starts as zeros.
  case change(Shape, (inout Tensor) -> Void)

  func add(to gradient: inout Tensor?) {
    switch self {
    case .whole(let tensor):
      if gradient == nil { gradient = tensor } else { gradient?.accumulate(tensor) }
    case .change(let shape, let change):
      // Moved out of the array, so that it has one owner and is changed in place.
      var total = gradient ?? .zeros(shape)
      gradient = nil
      change(&total)
      gradient = total
    }
  }
}

/// The gradient with respect to `input`, as a function of the result's gradient; it runs only if `input` is tracked.
///
/// - Parameter gradient: maps dL/d(result), of the result's shape, to dL/d(input), of the input's shape.
public func wrt(_ input: Tensor, _ gradient: @escaping (Tensor) -> Tensor) -> Pullback {
  Pullback(input, on: Context.tape, gradient)
}

/// The gradients with respect to several inputs that are computed together; absent and untracked inputs may get nil.
///
/// - Parameter gradients: maps dL/d(result) to one gradient per input, in order; it runs if any input is tracked.
/// - Precondition: `gradients` returns a gradient for every tracked input.
public func wrt(_ inputs: [Tensor?], _ gradients: @escaping (Tensor) -> [Tensor?]) -> Pullback {
  wrt(inputs) { gradient, _ in gradients(gradient) }
}

/// The gradients with respect to several inputs that are computed together, without those that nobody needs.
///
/// ```swift
/// return y.recorded("product") {
///   wrt([a, b]) { dy, isTracked in
///     [
///       isTracked[0] ? dy.matmul(b.detached, transposing: .second) : nil,
///       isTracked[1] ? a.detached.matmul(dy, transposing: .first) : nil,
///     ]
///   }
/// }
/// ```
///
/// - Parameter gradients: maps dL/d(result) to one gradient per input, in order, and nil for inputs that are not tracked;
///   it runs if any input is tracked.
/// - Precondition: `gradients` returns a gradient for every tracked input.
public func wrt(
  _ inputs: [Tensor?], _ gradients: @escaping (_ gradient: Tensor, _ isTracked: TrackedInputs) -> [Tensor?]
) -> Pullback {
  Pullback(inputs, on: Context.tape, gradients)
}

/// The gradient with respect to `input` when the result is a part of it: `add` adds in place to the sum so far.
///
/// A tensor that is cut into n slices therefore gets its gradient in one pass over it instead of n.
///
/// - Parameter add: adds dL/d(result) to its places in dL/d(input), which starts as zeros.
func wrt(_ input: Tensor, adding add: @escaping (_ gradient: Tensor, _ total: inout Tensor) -> Void) -> Pullback {
  Pullback(part: input, on: Context.tape, add)
}

/// Collects the `wrt` lines of an operation.
@resultBuilder
public enum PullbackBuilder {
  public static func buildBlock(_ pullbacks: Pullback...) -> [Pullback] { pullbacks }
}

extension Tensor {
  /// This tensor, recorded on the current tape as the result of `operation` with these gradients.
  ///
  /// Outside `valueAndGradients`, or if no input is tracked, nothing is recorded or kept. Every operation in this package
  /// is made differentiable this way, and so are your own:
  ///
  /// ```swift
  /// func cube(_ x: Tensor) -> Tensor {
  ///   let y = x.detached * x.detached * x.detached
  ///   return y.recorded("cube") {
  ///     wrt(x) { dy in dy * x.detached * x.detached * 3 }
  ///   }
  /// }
  /// ```
  ///
  /// Check it with `checkGradients` of ApusTesting.
  ///
  /// - Parameters:
  ///   - operation: a name for messages.
  ///   - pullbacks: a `wrt` for every differentiable input. Pullbacks run after the scope has ended, and are not
  ///     recorded themselves.
  public func recorded(_ operation: StaticString, @PullbackBuilder _ pullbacks: () -> [Pullback]) -> Tensor {
    guard let tape = Context.tape else { return self }
    let needed = pullbacks().filter(\.isNeeded)
    guard !needed.isEmpty else { return self }
    var result = self
    result.node = tape.record(operation, needed)
    return result
  }

  /// Whether a gradient may flow to this tensor. Operations save values for the backward pass only if one may.
  var isTracked: Bool { node != .none && Context.tape?.entry(of: node) != nil }
}
