// Layers applied one after another. Read first: ../Module/Module.swift.

public import ApusTensor

/// Applies its layers in order.
///
/// ```swift
/// let model = Sequential {
///   Linear(2, 8)
///   Tanh()
///   Linear(8, 1)
/// }
/// ```
public final class Sequential: Layer {
  /// The layers, in the order of application.
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }

  public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}

/// Collects the layers of a `Sequential`; `if` and `for` are supported.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
  public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
