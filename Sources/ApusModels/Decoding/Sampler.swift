// From scores to a token. Read next: GPT/GPT+Generation.swift.

public import ApusTensor
import Foundation

/// How the next token is chosen from its scores.
public struct Sampler: Sendable {
  /// Divides the scores: below 1 sharpens, above 1 flattens; 0 takes the best token.
  public var temperature: Float
  /// Only the k best tokens are considered; nil: all.
  public var topK: Int?

  /// Always the best token; of equal ones the first.
  public static let greedy = Sampler(temperature: 0)

  /// - Precondition: temperature ≥ 0, topK ≥ 1.
  public init(temperature: Float = 1, topK: Int? = nil) {
    require(temperature >= 0 && temperature.isFinite, "Sampler: a temperature of \(temperature)")
    require(topK ?? 1 >= 1, "Sampler: the \(topK ?? 0) best tokens")
    self.temperature = temperature
    self.topK = topK
  }

  /// A token, drawn with probability softmax(scores / temperature) among those considered.
  ///
  /// - Parameter scores: one for every token.
  /// - Complexity: O(V log V) with top-k, O(V) without, for V scores.
  public func callAsFunction(_ scores: [Float], using generator: RandomGenerator) -> Int {
    require(!scores.isEmpty, "Sampler: no scores")
    let best = scores.indices.max { scores[$0] < scores[$1] || (scores[$0] == scores[$1] && $0 > $1) } ?? 0
    guard temperature > 0 else { return best }
    var candidates = Array(scores.indices)
    if let topK, topK < candidates.count {
      candidates.sort { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
      candidates.removeLast(candidates.count - topK)
    }
    let weights = candidates.map { exp(Double((scores[$0] - scores[best]) / temperature)) }
    var remaining = Double(generator.uniforms(count: 1)[0]) * weights.reduce(0, +)
    for (candidate, weight) in zip(candidates, weights) {
      remaining -= weight
      if remaining < 0 { return candidate }
    }
    return candidates[candidates.count - 1]
  }
}
