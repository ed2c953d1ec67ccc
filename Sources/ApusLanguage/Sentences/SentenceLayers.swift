// What may follow the pooling of a sentence-transformers model. Read first: Pooling.swift. Read next: SentenceEmbedder.swift.

public import ApusNN
public import ApusTensor

/// A linear map with an activation, and perhaps what it was given in addition.
///
/// y = f(x·Wᵀ + b), or f(x·Wᵀ + b) + x, or f(x·Wᵀ + b) + x·Rᵀ if y has another width.
public final class SentenceDense: Layer {
  /// The map, and its activation.
  public let linear: Linear
  /// R; absent if the widths are equal, or nothing is added.
  public let residual: Linear?
  /// Whether what was given is added.
  public let isResidual: Bool

  /// - Parameters:
  ///   - inputs: features of x.
  ///   - outputs: features of y.
  ///   - bias: whether there is one.
  ///   - activation: nil for none.
  ///   - isResidual: whether what was given is added.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, activation: Activation?, isResidual: Bool = false) {
    linear = Linear(inputs, outputs, bias: bias, activation: activation)
    residual = isResidual && inputs != outputs ? Linear(inputs, outputs, bias: false) : nil
    self.isResidual = isResidual
  }

  /// [.., inputs] → [.., outputs]
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = linear(x)
    guard isResidual else { return y }
    return y + (residual?(x) ?? x)
  }
}
