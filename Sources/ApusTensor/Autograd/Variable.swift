// Things that gradients are taken with respect to. Read next: Gradients.swift; ApusNN/Module/Parameter.swift.

import Foundation

/// A tensor with an identity, whose gradient can be asked for: the base of parameters.
///
/// Reading `value` inside `valueAndGradients` puts it on the tape; reading it twice is one leaf, whose gradient is the
/// sum (so tied weights need nothing special).
open class Variable: @unchecked Sendable {
  private let lock = NSLock()
  private var current: Tensor

  /// A variable with an initial value.
  public init(_ value: Tensor) { current = value.detached }

  /// The value; tracked while a tape runs.
  public final var value: Tensor {
    get {
      var result = lock.withLock { current }
      if let tape = Context.tape { result.node = tape.leaf(for: self) }
      return result
    }
    set { lock.withLock { current = newValue.detached } }
  }

  /// Moves the value out, for a change in place; give it back with `value`. In between the variable is empty.
  package final func takeValue() -> Tensor {
    lock.withLock {
      let taken = current
      current = Variable.empty
      return taken
    }
  }

  private static let empty = Tensor([], shape: [0])
}
