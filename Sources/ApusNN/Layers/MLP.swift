// The multilayer perceptron. Read next: ApusLanguage/GPT/GPT.swift.

import ApusBase
public import ApusTensor

/// Linear layers with an activation between them.
///
/// ```
///   x [.., sizes₀] ─ Linear ─ act ─ Linear ─ act ─ … ─ Linear ─ y [.., sizesₙ]
/// ```
///
/// One hidden layer can approximate any continuous function (Cybenko 1989; Hornik 1991); with none, the model is linear and
/// cannot even compute XOR (Minsky, Papert 1969). Rumelhart, Hinton and Williams (Nature 323, 1986) showed how to train it.
public final class MLP: Layer {
  /// The sizes and the activation of an MLP.
  public struct Configuration: Sendable, Equatable, Codable {
    /// The sizes of the input, of each hidden layer, and of the output.
    public var sizes: [Int]
    /// The activation after each layer but the last.
    public var activation: Activation

    /// - Precondition: at least two sizes.
    public init(sizes: [Int], activation: Activation = .relu) {
      require(sizes.count >= 2, "MLP: sizes \(sizes) (expected at least input and output)")
      self.sizes = sizes
      self.activation = activation
    }
  }

  /// The sizes and the activation.
  public let configuration: Configuration
  /// The layers, from input to output.
  public let layers: [Linear]

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let sizes = configuration.sizes
    layers = (0..<sizes.count - 1).map { index in
      Linear(sizes[index], sizes[index + 1], activation: index + 2 < sizes.count ? configuration.activation : nil)
    }
  }

  /// The network applied to x, [.., first size] → [.., last size].
  public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}
