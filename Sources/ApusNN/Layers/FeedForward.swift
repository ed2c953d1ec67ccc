// The position-wise network of a Transformer block.

public import ApusTensor

/// W₂·act(W₁·x + b₁) + b₂: the same two layers at every position (Vaswani et al., arXiv:1706.03762, section 3.3).
public final class FeedForward: Layer {
  /// W₁, b₁ and the activation, [hidden, width].
  public let expansion: Linear
  /// W₂ and b₂, [width, hidden].
  public let contraction: Linear
  /// Of the result.
  public let dropout: Dropout

  /// - Parameters:
  ///   - width: features in and out.
  ///   - hidden: features between; 4 · width if nil.
  public init(
    _ width: Int, hidden: Int? = nil, activation: Activation = .gelu, bias: Bool = true, dropout: Float = 0
  ) {
    let hidden = hidden ?? 4 * width
    expansion = Linear(width, hidden, bias: bias, activation: activation)
    contraction = Linear(hidden, width, bias: bias)
    self.dropout = Dropout(dropout)
  }

  /// [.., width] → [.., width]
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let activation = expansion.activation else { return dropout(contraction(expansion(x))) }
    return dropout(
      feedForward(
        x, expansion: (expansion.weight, expansion.bias), activation: activation,
        contraction: (contraction.weight, contraction.bias)))
  }
}
