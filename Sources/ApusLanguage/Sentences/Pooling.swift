// From the vectors of a text's tokens to one vector of the text. Read next: SentenceEmbedder.swift.

import ApusBase
public import ApusTensor
import ApusText

/// How the vectors of tokens become one; of several ways, the results stand side by side in the order of the cases.
public enum Pooling: Sendable, Equatable, CaseIterable {
  /// The vector of the first token.
  case firstToken
  /// The largest value of each feature.
  case maximum
  /// The mean over all tokens (Reimers, Gurevych, arXiv:1908.10084).
  case mean
  /// The sum over all tokens, divided by the square root of their number.
  case meanBySquareRoot
  /// The mean in which the n-th token of the text counts n times (Muennighoff, arXiv:2202.08904).
  case weightedMean
  /// The vector of the last token.
  case lastToken

  /// Its name in sentence-transformers' configurations, and the key that older ones have instead.
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

  /// One vector for each text.
  ///
  /// - Parameters:
  ///   - states: [batch, length, width]
  ///   - tokens: [batch, length], 0 at padding, at least one token a row; nil: there is no padding.
  ///   - skipped: how many tokens at the beginning of every text do not count, as those of a prompt; they have their
  ///     places in the order all the same.
  /// - Returns: [batch, width]
  public func callAsFunction(_ states: Tensor, tokens: IndexTensor? = nil, skipping skipped: Int = 0) -> Tensor {
    let (batch, length) = (states.shape[0], states.shape[1])
    require(
      tokens.map { $0.shape == [batch, length] } ?? true,
      "Pooling: vectors \(states.shape) and tokens \(tokens?.shape ?? []) (expected [B, T, W] and [B, T])")
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

  /// - Parameter weights: [batch, length, 1], 0 at what does not count; nil: all count alike.
  private func pooled(_ states: Tensor, weights: Tensor?) -> Tensor {
    func total() -> Tensor { (weights.map { states * $0 } ?? states).sum(along: 1) }
    func count() -> Tensor { weights.map { maximum($0.sum(along: 1), 1e-9) } ?? Tensor(Float(states.shape[1])) }
    func maximum(_ x: Tensor, _ bound: Float) -> Tensor { ApusTensor.maximum(x, Tensor(bound)) }
    switch self {
    case .mean, .weightedMean: return total() / count()
    case .meanBySquareRoot: return total() / count().squareRoot()
    case .maximum:
      // Padding is far below everything, but finite: 0 · ∞ is no number.
      return (weights.map { states * $0 + ($0 - 1) * 1e30 } ?? states).max(along: 1)
    case .firstToken: return edge(states, weights) { row in row.firstIndex { $0 != 0 } }
    case .lastToken: return edge(states, weights) { row in row.lastIndex { $0 != 0 } }
    }
  }

  /// The vectors of one token of every text.
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
