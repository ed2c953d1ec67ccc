// Initial values of weights, and the reasons for their spread. Read next: Layers/Linear.swift.

public import ApusTensor

private enum InitialValues {
  @TaskLocal static var areSkipped = false
}

/// Runs `body`, which creates modules whose weights will all be set afterwards: initializers return placeholders, which have
/// a shape but take no memory.
///
/// Drawing a hundred million normal numbers takes longer than reading them from a file. Moreover, a configuration that asks for
/// more than the file holds is detected before anything is allocated.
package func withoutInitialValues<Value, Failure: Error>(
  _ body: () throws(Failure) -> Value
) throws(Failure) -> Value {
  try InitialValues.$areSkipped.withValue(true) { Result { () throws(Failure) in try body() } }.get()
}

/// The distribution that the elements of a new weight are drawn from.
///
/// For a weight [out, in, ...], the fan-in is the product of all sizes but the first, and the fan-out the product of all sizes
/// but the second. Random numbers come from the innermost `withSeed`.
public enum Initializer: Sendable, Equatable {
  case zeros
  case ones
  /// Uniform over [−bound, bound).
  case uniform(bound: Float)
  /// Normal with mean 0.
  case normal(standardDeviation: Float)
  /// Normal with mean 0, redrawn outside two standard deviations.
  case truncatedNormal(standardDeviation: Float)
  /// Uniform with variance 2/(fan-in + fan-out), which preserves the scale of activations and gradients through tanh layers
  /// (Glorot, Bengio, AISTATS 2010).
  case xavierUniform
  /// Normal with the same variance.
  case xavierNormal
  /// Uniform with variance 2/fan-in, which preserves the scale of activations through relu layers (He et al., arXiv:1502.01852).
  case kaimingUniform
  /// Normal with the same variance.
  case kaimingNormal
  /// Uniform over ±1/√fan-in: PyTorch's default for linear layers (variance 1/(3 · fan-in)).
  case fanInUniform

  /// A new tensor drawn from this distribution.
  public func callAsFunction(_ shape: Shape) -> Tensor {
    if InitialValues.areSkipped { return Tensor(placeholder: shape) }
    let fanIn = Float(shape.rank > 1 ? shape.dropFirst().reduce(1, *) : shape.elementCount)
    let fanOut = Float(shape.rank > 1 ? shape.elementCount / max(1, shape[1]) : shape.elementCount)
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .ones(shape)
    case .uniform(let bound): return .randomUniform(shape, from: -bound, to: bound)
    case .normal(let deviation): return .randomNormal(shape, standardDeviation: deviation)
    case .truncatedNormal(let deviation): return truncated(shape, deviation)
    case .xavierUniform: return Initializer.uniform(bound: (6 / (fanIn + fanOut)).squareRoot())(shape)
    case .xavierNormal: return .randomNormal(shape, standardDeviation: (2 / (fanIn + fanOut)).squareRoot())
    case .kaimingUniform: return Initializer.uniform(bound: (6 / fanIn).squareRoot())(shape)
    case .kaimingNormal: return .randomNormal(shape, standardDeviation: (2 / fanIn).squareRoot())
    case .fanInUniform: return Initializer.uniform(bound: 1 / fanIn.squareRoot())(shape)
    }
  }

  private func truncated(_ shape: Shape, _ deviation: Float) -> Tensor {
    var scalars = Tensor.randomNormal(shape).scalars
    // About one number in 22 is outside, so each round leaves about 1/22 of the remaining ones.
    while true {
      let outside = scalars.indices.filter { abs(scalars[$0]) > 2 }
      if outside.isEmpty { break }
      let again = Tensor.randomNormal([outside.count]).scalars
      for (index, value) in zip(outside, again) { scalars[index] = value }
    }
    return Tensor(scalars.map { $0 * deviation }, shape: shape)
  }
}
