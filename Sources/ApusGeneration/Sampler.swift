// From scores to a token. Read next: Candidates.swift; ScoreRules.swift, what is done to the scores before; TokenGenerator.swift.

import ApusBase
public import ApusTensor
import Foundation

/// How the next token is chosen from its scores.
public struct Sampler: Sendable, Equatable {
  /// Divides the scores: below 1 sharpens, above 1 flattens; 0 takes the best token.
  public var temperature: Float
  /// Only the k best tokens are considered, and those that are as good as the last of them; nil: all.
  public var topK: Int?
  /// Only the best tokens that together have this probability are considered (Holtzman et al., arXiv:1904.09751); nil: all.
  public var topP: Float?
  /// Only tokens with this share of the best one's probability are considered (Nguyen et al., arXiv:2407.01082); nil: all.
  public var minP: Float?

  /// Always the best token; of equal ones the first.
  public static let greedy = Sampler(temperature: 0)

  /// - Precondition: temperature ≥ 0, topK ≥ 1, 0 < topP ≤ 1, 0 ≤ minP ≤ 1.
  public init(temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil) {
    require(temperature >= 0 && temperature.isFinite, "Sampler: a temperature of \(temperature)")
    require(topK ?? 1 >= 1, "Sampler: the \(topK ?? 0) best tokens")
    require((topP ?? 1) > 0 && (topP ?? 1) <= 1, "Sampler: the best tokens of probability \(topP ?? 0)")
    require((minP ?? 0) >= 0 && (minP ?? 0) <= 1, "Sampler: tokens of at least \(minP ?? 0) of the best")
    (self.temperature, self.topK, self.topP, self.minP) = (temperature, topK, topP, minP)
  }

  /// A token, drawn with probability softmax(scores / temperature) among those considered.
  ///
  /// - Parameter scores: one for every token.
  /// - Complexity: O(V) for V scores, O(V log K) with top-k, O(V log V) with top-p alone in the worst case.
  public func callAsFunction(_ scores: [Float], using generator: RandomGenerator) -> Int {
    var candidates = Candidates()
    return scores.withUnsafeBufferPointer {
      draw($0, uniform: temperature == 0 ? 0 : generator.uniform(), &candidates)
    }
  }

  /// The token that a number in [0, 1) stands for.
  ///
  /// - Parameter candidates: anything: only their memory is used.
  package func draw(_ scores: UnsafeBufferPointer<Float>, uniform: Float, _ candidates: inout Candidates) -> Int {
    let weights = TokenWeights(scores, temperature)
    guard temperature > 0 else { return weights.best }
    var last = weights.best
    if select(weights, into: &candidates) {
      var remaining = Double(uniform) * candidates.total
      for candidate in candidates.entries {
        remaining -= candidate.weight
        if remaining < 0 { return candidate.token }
        last = candidate.token
      }
    } else {
      // With every token in play their weights are computed twice: that is cheaper than to store them.
      var remaining = Double(uniform) * weights.total
      for token in scores.indices {
        remaining -= weights[token]
        if remaining < 0 { return token }
        last = token
      }
    }
    return last
  }

  /// The probability of every token, in Double.
  func probabilities(_ scores: UnsafeBufferPointer<Float>) -> [Double] {
    var result = [Double](repeating: 0, count: scores.count)
    let weights = TokenWeights(scores, temperature)
    var candidates = Candidates()
    if temperature == 0 {
      candidates.append(weights.best, weight: 1)
    } else if !select(weights, into: &candidates) {
      for token in scores.indices { candidates.append(token, weight: weights[token]) }
    }
    let total = candidates.total
    for candidate in candidates.entries { result[candidate.token] = candidate.weight / total }
    return result
  }

  /// Chooses the tokens that are considered; false: all of them.
  private func select(_ weights: TokenWeights, into candidates: inout Candidates) -> Bool {
    let count = weights.scores.count
    if let topK, topK < count {
      weights.collectLargest(topK, into: &candidates)
      if let topP, topP < 1 { candidates.keepBest(ofWeight: Double(topP) * candidates.total) }
    } else if let topP, topP < 1 {
      let total = weights.total
      // Tokens so rare that all of them together stay below 1 − p need not be put in order.
      weights.collect(from: (1 - Double(topP)) * total / Double(count), into: &candidates)
      candidates.keepBest(ofWeight: Double(topP) * total)
    } else if let minP {
      weights.collect(from: Double(minP), into: &candidates)
    } else {
      return false
    }
    if let minP { candidates.removeAll(below: Double(minP)) }
    return true
  }
}

/// The probabilities of tokens as multiples of the best one's.
private struct TokenWeights {
  let scores: UnsafeBufferPointer<Float>
  let temperature: Float
  /// The first of the best tokens.
  let best: Int

  init(_ scores: UnsafeBufferPointer<Float>, _ temperature: Float) {
    require(!scores.isEmpty, "Sampler: no scores")
    (self.scores, self.temperature) = (scores, temperature)
    var best = 0
    for index in 1..<max(1, scores.count) where scores[index] > scores[best] { best = index }
    self.best = best
  }

  subscript(token: Int) -> Double {
    // (Where every score is −∞, all tokens are alike.)
    scores[token] == scores[best] ? 1 : exp(Double((scores[token] - scores[best]) / temperature))
  }

  /// The k best tokens, the best first, and behind them those that are as good as the last.
  func collectLargest(_ k: Int, into candidates: inout Candidates) {
    candidates.takeLargest(k, of: scores) { self[$0] }
    guard let last = candidates.entries.last?.token else { return }
    // Of equal ones the heap has taken the first.
    for token in scores.indices where token > last && scores[token] == scores[last] {
      candidates.append(token, weight: self[token])
    }
  }

  /// Of all tokens, in order.
  var total: Double {
    var sum = 0.0
    for token in scores.indices { sum += self[token] }
    return sum
  }

  /// The tokens of at least this weight, in order.
  func collect(from floor: Double, into candidates: inout Candidates) {
    // No exponential for those that are clearly below.
    let least = scores[best] + temperature * Float(log(floor) - 0.01)
    candidates.removeAll()
    for token in scores.indices where !(scores[token] < least) {
      let weight = self[token]
      if weight >= floor { candidates.append(token, weight: weight) }
    }
  }
}
