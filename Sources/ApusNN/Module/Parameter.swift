// Trainable tensors of a module. Read first: ApusTensor/Autograd/Variable.swift. Read next: Module.swift.

import ApusBase
public import ApusTensor

/// The values that a `@Parameter` may hold: a tensor, or an optional tensor, such as the bias of a layer that may have none.
public protocol ParameterValue {
  /// The variable that holds a value; nil for an absent one.
  static func variable(for value: Self) -> Variable?
  /// The value that a variable holds.
  static func value(of variable: Variable?) -> Self
}

extension Tensor: ParameterValue {
  public static func variable(for value: Tensor) -> Variable? { Variable(value) }

  public static func value(of variable: Variable?) -> Tensor {
    guard let variable else { requirementFailure("Parameter: no value") }
    return variable.value
  }
}

extension Tensor?: ParameterValue {
  public static func variable(for value: Tensor?) -> Variable? { value.map { Variable($0) } }
  public static func value(of variable: Variable?) -> Tensor? { variable?.value }
}

/// A tensor that is trained.
///
/// Reading the property gives the tensor, which is tracked inside `valueAndGradients`; `$property` is its `Variable`, the key
/// of its gradient. Sharing the variable ties the weights.
///
/// ```swift
/// final class Scale: Layer {
///   @Parameter var factor = Tensor(1)
///   func callAsFunction(_ x: Tensor) -> Tensor { x * factor }
/// }
/// ```
@propertyWrapper
public struct Parameter<Value: ParameterValue> {
  /// The variable; nil for an absent parameter.
  public let projectedValue: Variable?

  public init(wrappedValue: Value) { projectedValue = Value.variable(for: wrappedValue) }

  public var wrappedValue: Value {
    get { Value.value(of: projectedValue) }
    nonmutating set {
      let new = Value.variable(for: newValue)
      require(
        (new == nil) == (projectedValue == nil), "Parameter: an absent parameter stays absent, a present one present")
      if let new, let projectedValue { projectedValue.value = new.value }
    }
  }
}

/// A tensor that is saved with a module but not trained, such as a running mean or a fixed table.
@propertyWrapper
public struct Buffer {
  /// The box that holds the tensor.
  public let projectedValue: BufferBox

  public init(wrappedValue: Tensor) { projectedValue = BufferBox(wrappedValue) }

  public var wrappedValue: Tensor {
    get { projectedValue.value }
    nonmutating set { projectedValue.value = newValue }
  }
}

/// A reference to a tensor that receives no gradient.
public final class BufferBox {
  public var value: Tensor { didSet { value = value.detached } }

  init(_ value: Tensor) { self.value = value.detached }
}

/// The property wrappers that the walk through a module looks for.
protocol ModuleLeaf {
  var leaf: ModuleWalk.Leaf { get }
}

extension Parameter: ModuleLeaf {
  var leaf: ModuleWalk.Leaf { projectedValue.map { .parameter($0) } ?? .absent }
}

extension Buffer: ModuleLeaf {
  var leaf: ModuleWalk.Leaf { .buffer(projectedValue) }
}
