// The fully connected layer. Read first: ApusTensor/Ops/Linear.swift.

public import ApusTensor

/// y = act(x·Wᵀ + b)
///
/// Weight and bias begin uniform over ±1/√in, as in PyTorch.
public final class Linear: Layer {
  /// [out, in]
  @Parameter public var weight: Tensor
  /// [out]
  @Parameter public var bias: Tensor?
  /// Applied to the result, fused into the product.
  public let activation: Activation?

  /// - Parameters:
  ///   - inputs: features of x.
  ///   - outputs: features of y.
  ///   - bias: whether there is one.
  ///   - activation: applied to the result.
  ///   - initializer: of the weight.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation? = nil,
    initializer: Initializer = .fanInUniform
  ) {
    weight = initializer([outputs, inputs])
    self.bias = bias ? Initializer.uniform(bound: 1 / Float(max(1, inputs)).squareRoot())([outputs]) : nil
    self.activation = activation
  }

  /// [.., in] → [.., out]
  public func callAsFunction(_ x: Tensor) -> Tensor {
    linear(x, weight: weight, bias: bias, activation: activation)
  }
}
