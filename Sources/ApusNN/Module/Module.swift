// What a layer or model is. Read first: Parameter.swift. Read next: ModuleWalk.swift, StateDictionary.swift.

public import ApusTensor

/// A part of a network: a final class whose stored properties are parameters, buffers, and other modules.
///
/// Conforming takes nothing but declaring it. The parameters are found by their property wrappers, in the order of
/// declaration, and are named by their property paths: `blocks.0.attention.projection.weight`.
///
/// ```swift
/// final class Classifier: Module {
///   let hidden = Linear(784, 128)
///   let output = Linear(128, 10)
///   func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
/// }
/// ```
public protocol Module: AnyObject, CustomStringConvertible {}

/// A module from one tensor to one tensor: what `Sequential` chains.
public protocol Layer: Module {
  /// The layer applied to x.
  func callAsFunction(_ x: Tensor) -> Tensor
}

extension Module {
  /// All trainable tensors by property path, in order of declaration; a shared one appears once, under its first path.
  public var namedParameters: [(name: String, variable: Variable)] {
    ModuleWalk(self).parameters
  }

  /// All trainable tensors, in order of declaration: what an optimizer takes.
  public var parameters: [Variable] { namedParameters.map(\.variable) }

  /// All saved but untrained tensors by property path.
  public var namedBuffers: [(name: String, buffer: BufferBox)] { ModuleWalk(self).buffers }

  /// The number of trainable numbers.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.value.elementCount } }
}
