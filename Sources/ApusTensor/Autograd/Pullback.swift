// How an operation says what its gradient is: `recorded` and `wrt`.
// Read first: Tape.swift. Read next: ../Ops/Arithmetic.swift for short examples.

import ApusBase

/// One path back from an operation's result to one or several of its inputs.
public struct Pullback {
  private enum Path {
    case one(Int, (Tensor) -> Tensor)
    case several([Int], (Tensor) -> [Tensor])
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

  init(_ inputs: [Tensor?], on tape: Tape?, _ gradients: @escaping (Tensor) -> [Tensor]) {
    let entries = inputs.map { input in input.flatMap { tape?.entry(of: $0.node) } ?? -1 }
    path = entries.contains { $0 >= 0 } ? .several(entries, gradients) : .none
  }

  init(part input: Tensor, on tape: Tape?, _ add: @escaping (Tensor, inout Tensor) -> Void) {
    path = tape?.entry(of: input.node).map { Path.part($0, input.shape, add) } ?? Path.none
  }

  /// A function that hands any number of contributions to any of these entries on by itself.
  init(contributingTo entries: [Int], _ run: @escaping (Tensor, (_ input: Int, Contribution) -> Void) -> Void) {
    path = entries.isEmpty ? .none : .contributions(run)
  }

  /// Computes the gradients and hands each to `add` with its input's entry.
  func run(_ gradient: Tensor, add: (_ input: Int, Contribution) -> Void) {
    switch path {
    case .one(let input, let function):
      add(input, .whole(function(gradient)))
    case .part(let input, let shape, let function):
      add(input, .change(shape) { total in function(gradient, &total) })
    case .several(let inputs, let function):
      let contributions = function(gradient)
      require(
        contributions.count == inputs.count, "wrt: \(contributions.count) gradients for \(inputs.count) inputs")
      for (input, contribution) in zip(inputs, contributions) where input >= 0 {
        add(input, .whole(contribution))
      }
    case .contributions(let function):
      function(gradient, add)
    case .none:
      break
    }
  }
}

/// What one use of a tensor adds to its gradient.
enum Contribution {
  /// A gradient.
  case whole(Tensor)
  /// A change of the sum so far, of this shape, which has zeros where nothing was added yet.
  case change(Shape, (inout Tensor) -> Void)

  func add(to gradient: inout Tensor?) {
    switch self {
    case .whole(let tensor):
      if gradient == nil { gradient = tensor } else { gradient?.accumulate(tensor) }
    case .change(let shape, let change):
      // Out of its place, so that it has one owner and is changed in place.
      var total = gradient ?? .zeros(shape)
      gradient = nil
      change(&total)
      gradient = total
    }
  }
}

/// The gradient with respect to `input`, as a function of the gradient of the result; runs only if it is needed.
///
/// - Parameter gradient: from dL/d(result), of the result's shape, to dL/d(input), of the input's shape.
public func wrt(_ input: Tensor, _ gradient: @escaping (Tensor) -> Tensor) -> Pullback {
  Pullback(input, on: Context.tape, gradient)
}

/// The gradients with respect to several inputs that are computed together; absent inputs get any tensor.
///
/// - Parameter gradients: from dL/d(result) to one gradient for every input, in order.
public func wrt(_ inputs: [Tensor?], _ gradients: @escaping (Tensor) -> [Tensor]) -> Pullback {
  Pullback(inputs, on: Context.tape, gradients)
}

/// The gradient with respect to `input`, of which the result is a part: `add` adds to what other parts have left there.
///
/// So a tensor that is cut into n slices gets its gradient in one pass over it, not in n.
///
/// - Parameter add: from dL/d(result) to a change of dL/d(input), which has zeros where nothing was added yet.
func wrt(_ input: Tensor, adding add: @escaping (_ gradient: Tensor, _ total: inout Tensor) -> Void) -> Pullback {
  Pullback(part: input, on: Context.tape, add)
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
  var isTracked: Bool { node != .none && Context.tape?.entry(of: node) != nil }
}
