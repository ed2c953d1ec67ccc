// How an operation says what its gradient is: `recorded` and `wrt`.
// Read first: Tape.swift. Read next: Ops/Arithmetic.swift for short examples.

/// One path back from an operation's result to one or several of its inputs.
public struct Pullback {
  private enum Path {
    case one(Int, (Tensor) -> Tensor)
    case several([Int], (Tensor) -> [Tensor])
    case part(Int, Shape, (Tensor, inout Tensor) -> Void)
    case none
  }

  private let path: Path

  /// Whether any input is on the tape.
  var isNeeded: Bool { if case .none = path { false } else { true } }

  init(_ input: Tensor, on tape: UInt32, _ gradient: @escaping (Tensor) -> Tensor) {
    path = input.node.tape == tape ? .one(Int(input.node.index), gradient) : .none
  }

  init(_ inputs: [Tensor?], on tape: UInt32, _ gradients: @escaping (Tensor) -> [Tensor]) {
    let nodes = inputs.map { $0.map { $0.node.tape == tape ? Int($0.node.index) : -1 } ?? -1 }
    path = nodes.contains { $0 >= 0 } ? .several(nodes, gradients) : .none
  }

  init(part input: Tensor, on tape: UInt32, _ add: @escaping (Tensor, inout Tensor) -> Void) {
    path = input.node.tape == tape ? .part(Int(input.node.index), input.shape, add) : .none
  }

  /// Computes the gradients and adds each to that of its input's entry.
  func run(_ gradient: Tensor, into gradients: inout [Tensor?]) {
    func add(_ input: Int, _ contribution: Tensor) {
      if gradients[input] == nil {
        gradients[input] = contribution
      } else {
        gradients[input]!.accumulate(contribution)
      }
    }
    switch path {
    case .one(let input, let function):
      add(input, function(gradient))
    case .part(let input, let shape, let function):
      // Out of the array, so that it has one owner and is changed in place.
      var total = gradients[input] ?? .zeros(shape)
      gradients[input] = nil
      function(gradient, &total)
      gradients[input] = total
    case .several(let inputs, let function):
      let contributions = function(gradient)
      require(
        contributions.count == inputs.count, "wrt: \(contributions.count) gradients for \(inputs.count) inputs")
      for (input, contribution) in zip(inputs, contributions) where input >= 0 { add(input, contribution) }
    case .none:
      break
    }
  }
}

/// The gradient with respect to `input`, as a function of the gradient of the result; runs only if it is needed.
///
/// - Parameter gradient: from dL/d(result), of the result's shape, to dL/d(input), of the input's shape.
public func wrt(_ input: Tensor, _ gradient: @escaping (Tensor) -> Tensor) -> Pullback {
  Pullback(input, on: Context.tape?.id ?? 0, gradient)
}

/// The gradients with respect to several inputs that are computed together; absent inputs get any tensor.
///
/// - Parameter gradients: from dL/d(result) to one gradient for every input, in order.
public func wrt(_ inputs: [Tensor?], _ gradients: @escaping (Tensor) -> [Tensor]) -> Pullback {
  Pullback(inputs, on: Context.tape?.id ?? 0, gradients)
}

/// The gradient with respect to `input`, of which the result is a part: `add` adds to what other parts have left there.
///
/// So a tensor that is cut into n slices gets its gradient in one pass over it, not in n.
///
/// - Parameter add: from dL/d(result) to a change of dL/d(input), which has zeros where nothing was added yet.
func wrt(_ input: Tensor, adding add: @escaping (_ gradient: Tensor, _ total: inout Tensor) -> Void) -> Pullback {
  Pullback(part: input, on: Context.tape?.id ?? 0, add)
}

/// Collects the `wrt` lines of an operation.
@resultBuilder
public enum PullbackBuilder {
  public static func buildBlock(_ pullbacks: Pullback...) -> [Pullback] { pullbacks }
}

extension Tensor {
  /// This tensor, entered on the running tape as the result of `operation` with these gradients.
  ///
  /// Outside `valueAndGradients`, or if no input is tracked, nothing is built or kept. This is how every operation
  /// of this package is made differentiable, and how you make yours:
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
  ///   - pullbacks: a `wrt` for every differentiable input. Pullbacks run after the tape was closed.
  public func recorded(_ operation: StaticString, @PullbackBuilder _ pullbacks: () -> [Pullback]) -> Tensor {
    guard let tape = Context.tape else { return self }
    let needed = pullbacks().filter(\.isNeeded)
    guard !needed.isEmpty else { return self }
    var result = self
    result.node = tape.record(operation, needed)
    return result
  }

  /// Whether a gradient may flow to this tensor: what an operation saves for its backward is needed only then.
  var isTracked: Bool { node != .none && node.tape == Context.tape?.id }
}
