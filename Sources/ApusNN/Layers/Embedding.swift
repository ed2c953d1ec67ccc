// Vectors for ids. Read first: ApusTensor/Ops/Gather.swift.

public import ApusTensor

/// A table of vectors, looked up by index.
public final class Embedding: Module {
  /// [rows, width]
  @Parameter public var weight: Tensor
  /// An index whose vector is not trained (PyTorch's `padding_idx`).
  public let padding: Int?

  /// - Parameters:
  ///   - rows: the number of ids.
  ///   - width: the size of a vector.
  ///   - initializer: normal with deviation 1, as in PyTorch, if not given.
  public init(_ rows: Int, _ width: Int, padding: Int? = nil, initializer: Initializer = .normal(standardDeviation: 1))
  {
    weight = initializer([rows, width])
    self.padding = padding
  }

  /// [..] → [.., width]
  public func callAsFunction(_ indices: IndexTensor) -> Tensor { weight.gathering(indices, padding: padding) }

  /// The scores of every id for vectors: x·Wᵀ, an output layer tied to this table (Press, Wolf, arXiv:1608.05859).
  ///
  /// [.., width] → [.., rows]
  public func scores(_ x: Tensor) -> Tensor { linear(x, weight: weight) }
}
