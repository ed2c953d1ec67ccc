// Layers after the pooling in models of sentence-transformers. Read first: SentencePooling.swift. Read next: SentenceEmbedder.swift.

public import ApusNN
public import ApusTensor

/// A linear layer with an activation, and optionally a residual connection.
///
/// y = f(x·Wᵀ + b), or f(x·Wᵀ + b) + x, or f(x·Wᵀ + b) + x·Rᵀ if y has another size.
public final class SentenceDense: Layer {
  /// W, b and the activation f.
  public let linear: Linear
  /// R; absent if the sizes are equal, or there is no residual connection.
  public let residual: Linear?
  /// Whether there is a residual connection.
  public let isResidual: Bool

  /// - Parameters:
  ///   - inputs: the size of x.
  ///   - outputs: the size of y.
  ///   - bias: whether there is a bias.
  ///   - activation: the activation; nil: none.
  ///   - isResidual: whether there is a residual connection.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation?, isResidual: Bool = false) {
    linear = Linear(inputs, outputs, bias: bias, activation: activation)
    residual = isResidual && inputs != outputs ? Linear(inputs, outputs, bias: false) : nil
    self.isResidual = isResidual
  }

  /// The layer applied to x, [.., inputs] → [.., outputs].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = linear(x)
    guard isResidual else { return y }
    return y + (residual?(x) ?? x)
  }
}
