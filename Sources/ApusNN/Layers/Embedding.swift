// Embeddings: one vector for each id. Read first: ApusTensor/Ops/Gather.swift.

public import ApusTensor

/// A table of embeddings, looked up by id.
public final class Embedding: Module {
  /// [ids, width]
  @Parameter public var weight: Tensor
  /// The id of the padding token, whose embedding is not trained (PyTorch's `padding_idx`).
  public let padding: Int?

  /// - Parameters:
  ///   - rows: the number of ids, such as the vocabulary size.
  ///   - width: the embedding dimension.
  ///   - padding: the id of the padding token, whose embedding is not trained; nil: there is none.
  ///   - initializer: by default normal with standard deviation 1, as in PyTorch.
  public init(_ rows: Int, _ width: Int, padding: Int? = nil, initializer: Initializer = .normal(standardDeviation: 1))
  {
    weight = initializer([rows, width])
    self.padding = padding
  }

  /// The embeddings of ids, [..] → [.., width].
  public func callAsFunction(_ indices: IndexTensor) -> Tensor { weight.gathering(indices, padding: padding) }

  /// x·Wᵀ: the logits of every id, from an output layer that is tied to this table (Press, Wolf, arXiv:1608.05859).
  ///
  /// [.., width] → [.., ids]
  public func logits(_ x: Tensor) -> Tensor { linear(x, weight: weight) }
}
