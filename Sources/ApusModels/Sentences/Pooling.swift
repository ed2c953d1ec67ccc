// From the vectors of a text's tokens to one vector of the text. Read next: SentenceEmbedder.swift.

public import ApusTensor

/// How the vectors of tokens become one.
public enum Pooling: Sendable, Equatable, CaseIterable {
  /// The vector of the first token.
  case firstToken
  /// The mean over all tokens (Reimers, Gurevych, arXiv:1908.10084).
  case mean
  /// The largest value of each feature.
  case maximum
  /// The sum over all tokens, divided by the square root of their number.
  case meanBySquareRoot
  /// The vector of the last token.
  case lastToken

  /// The key of sentence-transformers' configuration.
  var publishedName: String {
    switch self {
    case .firstToken: "pooling_mode_cls_token"
    case .mean: "pooling_mode_mean_tokens"
    case .maximum: "pooling_mode_max_tokens"
    case .meanBySquareRoot: "pooling_mode_mean_sqrt_len_tokens"
    case .lastToken: "pooling_mode_lasttoken"
    }
  }

  /// One vector for each text.
  ///
  /// - Parameters:
  ///   - states: [batch, length, width]
  ///   - tokens: [batch, length], 0 at padding, at least one token a row; nil: there is no padding.
  /// - Returns: [batch, width]
  public func callAsFunction(_ states: Tensor, tokens: IndexTensor? = nil) -> Tensor {
    let (batch, length) = (states.shape[0], states.shape[1])
    require(
      tokens.map { $0.shape == [batch, length] } ?? true,
      "Pooling: vectors \(states.shape) and tokens \(tokens?.shape ?? []) (expected [B, T, W] and [B, T])")
    let present = tokens.map { Tensor($0.indices.map { $0 == 0 ? 0 : 1 }, shape: [batch, length, 1]) }
    func total() -> Tensor { (present.map { states * $0 } ?? states).sum(along: 1) }
    func count() -> Tensor { present?.sum(along: 1) ?? Tensor(Float(length)) }
    switch self {
    case .mean: return total() / count()
    case .meanBySquareRoot: return total() / count().squareRoot()
    case .maximum:
      // Padding is far below everything, but finite: 0 · ∞ is no number.
      return (present.map { states * $0 + ($0 - 1) * 1e30 } ?? states).max(along: 1)
    case .firstToken: return edge(states, tokens) { row in row.firstIndex { $0 != 0 } }
    case .lastToken: return edge(states, tokens) { row in row.lastIndex { $0 != 0 } }
    }
  }

  /// The vectors of one token of every text.
  private func edge(
    _ states: Tensor, _ tokens: IndexTensor?, _ place: (ArraySlice<Int32>) -> Int?
  ) -> Tensor {
    let (batch, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    let rows = (0..<batch).map { row in
      let standard = self == .lastToken ? row * length + length - 1 : row * length
      return tokens.flatMap { place($0.indices[row * length..<(row + 1) * length]) } ?? standard
    }
    return states.reshaped(to: [batch * length, width]).gathering(IndexTensor(rows))
  }
}

extension Tensor {
  /// Each row divided by its length: the products of such vectors are the cosines of their angles.
  ///
  /// [.., width] → the same. A row of zeros stays as it is.
  public func normalizedToUnitLength() -> Tensor {
    self / maximum(squared().sum(along: -1, keepingDimensions: true).squareRoot(), Tensor(1e-12))
  }
}
