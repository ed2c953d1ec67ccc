// Pooling: from the hidden states of tokens to one sentence embedding. Read next: SentenceEmbedder.swift.

import ApusBase
public import ApusTensor
import ApusText

/// How the hidden states of tokens are combined into one vector; the results of several methods are concatenated in the order of
/// the cases.
public enum SentencePooling: Sendable, Equatable, CaseIterable {
  /// The hidden state of the first token.
  case firstToken
  /// The maximum of each feature over all tokens.
  case maximum
  /// The mean over all tokens (Reimers, Gurevych, arXiv:1908.10084).
  case mean
  /// The sum over all tokens, divided by the square root of their number.
  case meanBySquareRoot
  /// The weighted mean in which the n-th token of the text has weight n (Muennighoff, arXiv:2202.08904).
  case weightedMean
  /// The hidden state of the last token.
  case lastToken

  /// The name in configurations of sentence-transformers, and the key in older ones.
  var publishedNames: (name: String, key: String) {
    switch self {
    case .firstToken: ("cls", "pooling_mode_cls_token")
    case .maximum: ("max", "pooling_mode_max_tokens")
    case .mean: ("mean", "pooling_mode_mean_tokens")
    case .meanBySquareRoot: ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens")
    case .weightedMean: ("weightedmean", "pooling_mode_weightedmean_tokens")
    case .lastToken: ("lasttoken", "pooling_mode_lasttoken")
    }
  }

  /// Pools the hidden states of each text.
  ///
  /// - Parameters:
  ///   - states: [batch, length, width]
  ///   - tokens: [batch, length], 0 at padding, at least one token in each row; nil: there is no padding.
  ///   - skipped: the number of tokens at the beginning of each text that are not pooled, such as those of a prompt; they do count
  ///     for the positions of `weightedMean`.
  /// - Returns: [batch, width]
  public func callAsFunction(_ states: Tensor, tokens: IndexTensor? = nil, skipping skipped: Int = 0) -> Tensor {
    let (batch, length) = (states.shape[0], states.shape[1])
    require(
      tokens.map { $0.shape == [batch, length] } ?? true,
      "SentencePooling: vectors \(states.shape) and tokens \(tokens?.shape ?? []) (expected [B, T, W] and [B, T])")
    if tokens == nil, skipped == 0, self != .weightedMean { return pooled(states, weights: nil) }
    var weights = [Float](repeating: 0, count: batch * length)
    for row in 0..<batch {
      var place = 0
      for i in row * length..<(row + 1) * length where tokens.map({ $0.indices[i] != 0 }) ?? true {
        place += 1
        if place > skipped { weights[i] = self == .weightedMean ? Float(place) : 1 }
      }
    }
    return pooled(states, weights: Tensor(weights, shape: [batch, length, 1]))
  }

  /// - Parameter weights: [batch, length, 1], 0 at tokens that are not pooled; nil: all have the same weight.
  private func pooled(_ states: Tensor, weights: Tensor?) -> Tensor {
    func total() -> Tensor { (weights.map { states * $0 } ?? states).sum(along: 1) }
    func count() -> Tensor { weights.map { maximum($0.sum(along: 1), 1e-9) } ?? Tensor(Float(states.shape[1])) }
    func maximum(_ x: Tensor, _ bound: Float) -> Tensor { ApusTensor.maximum(x, Tensor(bound)) }
    switch self {
    case .mean, .weightedMean: return total() / count()
    case .meanBySquareRoot: return total() / count().squareRoot()
    case .maximum:
      // Padding is far below everything else, but finite, because 0 · ∞ is NaN.
      return (weights.map { states * $0 + ($0 - 1) * 1e30 } ?? states).max(along: 1)
    case .firstToken: return edge(states, weights) { row in row.firstIndex { $0 != 0 } }
    case .lastToken: return edge(states, weights) { row in row.lastIndex { $0 != 0 } }
    }
  }

  /// The hidden states of one token of each text.
  private func edge(_ states: Tensor, _ weights: Tensor?, _ place: (ArraySlice<Float>) -> Int?) -> Tensor {
    let (batch, length, width) = (states.shape[0], states.shape[1], states.shape[2])
    let scalars = weights?.scalars
    let rows = (0..<batch).map { row in
      let standard = self == .lastToken ? row * length + length - 1 : row * length
      return scalars.flatMap { place($0[row * length..<(row + 1) * length]) } ?? standard
    }
    return states.reshaped(to: [batch * length, width]).gathering(IndexTensor(rows))
  }
}
