// Layers without weights: activations and dropout. Read first: ApusTensor/Ops/Activations.swift, Dropout.swift.

import ApusBase
public import ApusTensor

/// max(x, 0)
public final class ReLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
}

/// x·Φ(x)
public final class GELU: Layer {
  /// Exact, or with a tanh.
  public let approximation: GELUApproximation
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.gelu(approximation: approximation) }
}

/// x·σ(x)
public final class SiLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.silu() }
}

/// 1/(1 + e⁻ˣ)
public final class Sigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// The hyperbolic tangent.
public final class Tanh: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }
}

/// e^x / Σ e^x along an axis.
public final class Softmax: Layer {
  /// The axis that sums to 1.
  public let axis: Int
  public init(along axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.softmax(along: axis) }
}

/// In training, drops elements with the given probability (Srivastava et al., JMLR 15, 2014).
public final class Dropout: Layer {
  /// Of an element being dropped.
  public let probability: Float

  /// - Precondition: 0 ≤ probability < 1.
  public init(_ probability: Float = 0.5) {
    require(probability >= 0 && probability < 1, "Dropout: a probability of \(probability)")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.droppingOut(probability: probability) }
}
