// Vectors scaled to length 1, whose dot products are cosine similarities.

public import ApusTensor

/// Scales each vector to length 1: x / ‖x‖. Dot products of the results are cosine similarities.
public final class UnitLength: Layer {
  /// A layer without parameters.
  public init() {}

  /// [.., width] → the same.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.normalizedToUnitLength() }
}

extension Tensor {
  /// Each row divided by its Euclidean norm, so that dot products of rows are cosine similarities.
  ///
  /// [.., width] → the same. A row of zeros stays as it is.
  public func normalizedToUnitLength() -> Tensor {
    self / maximum(squared().sum(along: -1, keepingDimensions: true).squareRoot(), Tensor(1e-12))
  }
}
