// The protocols of layers and models. Read first: Parameter.swift. Read next: ModuleWalk.swift, StateDictionary.swift.

public import ApusTensor

/// A part of a network: a final class whose stored properties are parameters, buffers, and other modules.
///
/// There is nothing to implement. Parameters are found by their property wrappers, in the order of declaration, and are named by
/// their property paths, such as `blocks.0.attention.projection.weight`.
///
/// ```swift
/// final class Classifier: Module {
///   let hidden = Linear(784, 128)
///   let output = Linear(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
/// }
/// ```
public protocol Module: AnyObject, CustomStringConvertible {}

/// A module that maps one tensor to one tensor; `Sequential` chains these.
public protocol Layer: Module {
  /// The layer applied to x.
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Module {
  /// All trainable tensors with their property paths, in order of declaration; a shared one appears once, under its first path.
  public var namedParameters: [(name: String, variable: Variable)] {
    ModuleWalk(self).parameters
  }

  /// All trainable tensors, in order of declaration, as an optimizer takes them.
  public var parameters: [Variable] { namedParameters.map(\.variable) }

  /// All tensors that are saved but not trained, with their property paths.
  public var namedBuffers: [(name: String, buffer: BufferBox)] { ModuleWalk(self).buffers }

  /// The number of trainable scalars.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.value.elementCount } }
}
