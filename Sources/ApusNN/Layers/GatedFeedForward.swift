// The position-wise network whose hidden features are gated by others. Read first: FeedForward.swift.

public import ApusTensor

/// W₂·(act(G·x) ⊙ V·x): SwiGLU with silu, GEGLU with gelu (Shazeer, arXiv:2002.05202).
///
/// With three matrices instead of two, `hidden` is two thirds of a plain network's for the same number of weights.
public final class GatedFeedForward: Layer {
  /// G and the activation, [hidden, width].
  public let gate: Linear
  /// V, [hidden, width].
  public let expansion: Linear
  /// W₂, [width, hidden].
  public let contraction: Linear
  /// Of the result.
  public let dropout: Dropout

  /// - Parameters:
  ///   - width: features in and out.
  ///   - hidden: features between.
  ///   - activation: silu for SwiGLU, gelu or its approximation for GEGLU, sigmoid for GLU.
  public init(_ width: Int, hidden: Int, activation: Activation = .silu, bias: Bool = false, dropout: Float = 0) {
    gate = Linear(width, hidden, bias: bias, activation: activation)
    expansion = Linear(width, hidden, bias: bias)
    contraction = Linear(hidden, width, bias: bias)
    self.dropout = Dropout(dropout)
  }

  /// [.., width] → [.., width]
  public func callAsFunction(_ x: Tensor) -> Tensor { dropout(contraction(gate(x) * expansion(x))) }
}
