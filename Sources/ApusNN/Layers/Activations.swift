// Layers without parameters: activations and dropout. Read first: ApusTensor/Ops/Activations.swift, Dropout.swift.

import ApusBase
public import ApusTensor

/// The rectified linear unit: max(x, 0).
public final class ReLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
}

/// The Gaussian error linear unit: x·Φ(x), with the normal distribution function Φ.
public final class GELU: Layer {
  /// Whether Φ is computed exactly or approximated by a tanh.
  public let approximation: GELUApproximation
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.gelu(approximation: approximation) }
}

/// The sigmoid linear unit, also called swish: x·σ(x).
public final class SiLU: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.silu() }
}

/// The logistic function: 1/(1 + e⁻ˣ).
public final class Sigmoid: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// The hyperbolic tangent.
public final class Tanh: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }
}

/// eˣ / Σ eˣ along an axis.
public final class Softmax: Layer {
  /// The axis along which results sum to 1.
  public let axis: Int
  public init(along axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor) -> Tensor { x.softmax(along: axis) }
}

/// In training, sets elements to zero with the given probability and scales up the others, so that means stay the same
/// (Srivastava et al., JMLR 15, 2014).
public final class Dropout: Layer {
  /// The probability of dropping an element.
  public let probability: Float

  /// - Precondition: 0 ≤ probability < 1.
  public init(_ probability: Float = 0.5) {
    require(probability >= 0 && probability < 1, "Dropout: a probability of \(probability)")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.droppingOut(probability: probability) }
}
