// The tensors that gradients are taken with respect to. Read next: Gradients.swift; ApusNN/Module/Parameter.swift.

import Foundation

/// A tensor with an identity, for which `Gradients` can be asked: the base class of parameters.
///
/// Reading `value` inside `valueAndGradients` makes it a leaf of the tape. Reading it again gives the same leaf, whose
/// gradient is the sum over all uses, so weight tying needs no special treatment. Several threads may read and set a
/// variable at the same time; each sees a whole value, and only the thread that runs the scope records its reads.
open class Variable: @unchecked Sendable {
  private let lock = NSLock()
  private var current: Tensor

  /// A variable with an initial value.
  public init(_ value: Tensor) { current = value.detached }

  /// The current value; tracked if read while a tape records on this thread.
  public final var value: Tensor {
    get {
      var result = lock.withLock { current }
      if let tape = Context.tape { result.node = tape.leaf(for: self) }
      return result
    }
    set { lock.withLock { current = newValue.detached } }
  }

  /// Moves the value out so that it can be changed in place. Set `value` to put it back; until then the variable is empty.
  package final func takeValue() -> Tensor {
    lock.withLock {
      let taken = current
      current = Variable.empty
      return taken
    }
  }

  private static let empty = Tensor([], shape: [0])
}
