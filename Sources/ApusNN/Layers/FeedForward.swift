// The position-wise feed-forward network of a Transformer block, plain or gated. Read next: TransformerBlock.swift.

public import ApusTensor

/// W₂·act(W₁·x + b₁) + b₂, the same at every position (Vaswani et al., arXiv:1706.03762, section 3.3); or, gated,
/// W₂·(act(G·x) ⊙ W₁·x).
///
/// A gated network is SwiGLU with silu and GEGLU with gelu (Shazeer, arXiv:2002.05202). It has three matrices instead of two,
/// so with two thirds of the intermediate size it has as many parameters as a plain one.
public final class FeedForward: Layer {
  /// G and the activation, [intermediate size, width]; absent in a plain network.
  public let gate: Linear?
  /// W₁ and b₁, in a plain network with the activation, [intermediate size, width].
  public let expansion: Linear
  /// W₂ and b₂, [width, intermediate size].
  public let contraction: Linear
  /// Dropout applied to the result.
  public let dropout: Dropout

  /// - Parameters:
  ///   - width: the embedding dimension, the size of inputs and outputs.
  ///   - intermediateSize: the size between the two layers; nil: 4 · width.
  ///   - activation: applied between the two layers, or to the gate.
  ///   - isGated: whether the expansion is multiplied by a gate.
  ///   - bias: whether the layers have biases.
  ///   - dropout: the probability of dropping an element of the result in training.
  public init(
    _ width: Int, intermediateSize: Int? = nil, activation: Activation = .gelu, isGated: Bool = false,
    bias: Bool = true, dropout: Float = 0
  ) {
    let size = intermediateSize ?? 4 * width
    gate = isGated ? Linear(width, size, bias: bias, activation: activation) : nil
    expansion = Linear(width, size, bias: bias, activation: isGated ? nil : activation)
    contraction = Linear(size, width, bias: bias)
    self.dropout = Dropout(dropout)
  }

  /// [.., width] → [.., width]
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let gate { return dropout(contraction(gate(x) * expansion(x))) }
    guard let activation = expansion.activation else { return dropout(contraction(expansion(x))) }
    // One operation, which saves two passes through memory in the backward pass.
    return dropout(
      feedForward(
        x, expansion: (expansion.weight, expansion.bias), activation: activation,
        contraction: (contraction.weight, contraction.bias)))
  }
}
