// The fully connected layer. Read first: ApusTensor/Ops/Linear.swift.

public import ApusTensor

/// y = act(x·Wᵀ + b)
///
/// Weight and bias are initialized uniformly over ±1/√in, as in PyTorch.
public final class Linear: Layer {
  /// W, [out, in].
  @Parameter public var weight: Tensor
  /// b, [out]; absent if the layer has none.
  @Parameter public var bias: Tensor?
  /// The activation applied to the result, fused into the product; nil: none.
  public let activation: Activation?

  /// - Parameters:
  ///   - inputs: the size of the last axis of x.
  ///   - outputs: the size of the last axis of y.
  ///   - bias: whether there is a bias.
  ///   - activation: applied to the result; nil: none.
  ///   - initializer: initializes the weight.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation? = nil,
    initializer: Initializer = .fanInUniform
  ) {
    weight = initializer([outputs, inputs])
    self.bias = bias ? Initializer.uniform(bound: 1 / Float(max(1, inputs)).squareRoot())([outputs]) : nil
    self.activation = activation
  }

  /// The layer applied to x, [.., in] → [.., out].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    linear(x, weight: weight, bias: bias, activation: activation)
  }
}
