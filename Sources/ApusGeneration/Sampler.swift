// Sampling a token from logits. Read next: Candidates.swift; LogitRules.swift, which changes logits before; TokenGenerator.swift.

import ApusBase
public import ApusTensor
import Foundation

/// How the next token is chosen from the logits.
public struct Sampler: Sendable, Equatable {
  /// Divides the logits: below 1 sharpens the distribution, above 1 flattens it; 0 takes the best token.
  public var temperature: Float
  /// Only the k best tokens are considered, and those whose logits equal the last one's; nil: all.
  public var topK: Int?
  /// Only the fewest best tokens that together have this probability are considered (Holtzman et al., arXiv:1904.09751); nil:
  /// all.
  public var topP: Float?
  /// Only tokens with at least this fraction of the best token's probability are considered (Nguyen et al., arXiv:2407.01082);
  /// nil: all.
  public var minP: Float?

  /// Always the best token; of equal ones the first.
  public static let greedy = Sampler(temperature: 0)

  /// - Parameters:
  ///   - temperature: divides the logits; 0 takes the best token.
  ///   - topK: the number of best tokens that are considered; nil: all.
  ///   - topP: the total probability of the best tokens that are considered; nil: all.
  ///   - minP: the least fraction of the best token's probability; nil: none.
  /// - Precondition: temperature ≥ 0, topK ≥ 1, 0 < topP ≤ 1, 0 ≤ minP ≤ 1.
  public init(temperature: Float = 1, topK: Int? = nil, topP: Float? = nil, minP: Float? = nil) {
    require(temperature >= 0 && temperature.isFinite, "Sampler: a temperature of \(temperature)")
    require(topK ?? 1 >= 1, "Sampler: the \(topK ?? 0) best tokens")
    require((topP ?? 1) > 0 && (topP ?? 1) <= 1, "Sampler: the best tokens of probability \(topP ?? 0)")
    require((minP ?? 0) >= 0 && (minP ?? 0) <= 1, "Sampler: tokens of at least \(minP ?? 0) of the best")
    (self.temperature, self.topK, self.topP, self.minP) = (temperature, topK, topP, minP)
  }

  /// Samples a token with probability softmax(logits / temperature) among those considered.
  ///
  /// - Parameters:
  ///   - logits: one for each token.
  ///   - generator: the source of random numbers.
  /// - Complexity: O(V) for V logits, O(V log K) with top-k, O(V log V) with top-p alone in the worst case.
  public func callAsFunction(_ logits: [Float], using generator: RandomGenerator) -> Int {
    var candidates = Candidates()
    return logits.withUnsafeBufferPointer {
      draw($0, uniform: temperature == 0 ? 0 : generator.uniform(), &candidates)
    }
  }

  /// The token at a quantile of the distribution.
  ///
  /// - Parameters:
  ///   - logits: one for each token.
  ///   - uniform: a number in [0, 1).
  ///   - candidates: any contents; only the memory is reused.
  package func draw(_ logits: UnsafeBufferPointer<Float>, uniform: Float, _ candidates: inout Candidates) -> Int {
    let weights = TokenWeights(logits, temperature)
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
      // Where all tokens are considered, their weights are computed twice, which is cheaper than storing them.
      var remaining = Double(uniform) * weights.total
      for token in logits.indices {
        remaining -= weights[token]
        if remaining < 0 { return token }
        last = token
      }
    }
    return last
  }

  /// The probability of each token, in Double.
  func probabilities(_ logits: UnsafeBufferPointer<Float>) -> [Double] {
    var result = [Double](repeating: 0, count: logits.count)
    let weights = TokenWeights(logits, temperature)
    var candidates = Candidates()
    if temperature == 0 {
      candidates.append(weights.best, weight: 1)
    } else if !select(weights, into: &candidates) {
      for token in logits.indices { candidates.append(token, weight: weights[token]) }
    }
    let total = candidates.total
    for candidate in candidates.entries { result[candidate.token] = candidate.weight / total }
    return result
  }

  /// Selects the tokens that are considered; false: all of them.
  private func select(_ weights: TokenWeights, into candidates: inout Candidates) -> Bool {
    let count = weights.logits.count
    if let topK, topK < count {
      weights.collectLargest(topK, into: &candidates)
      if let topP, topP < 1 { candidates.keepBest(ofWeight: Double(topP) * candidates.total) }
    } else if let topP, topP < 1 {
      let total = weights.total
      // Tokens so rare that all of them together have less than probability 1 − p need not be sorted.
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

/// The probabilities of tokens, as multiples of the best token's.
private struct TokenWeights {
  let logits: UnsafeBufferPointer<Float>
  let temperature: Float
  /// The first of the best tokens.
  let best: Int

  init(_ logits: UnsafeBufferPointer<Float>, _ temperature: Float) {
    require(!logits.isEmpty, "Sampler: no logits")
    (self.logits, self.temperature) = (logits, temperature)
    var best = 0
    for index in 1..<max(1, logits.count) where logits[index] > logits[best] { best = index }
    self.best = best
  }

  subscript(token: Int) -> Double {
    // (Where all logits are −∞, all tokens are equally probable.)
    logits[token] == logits[best] ? 1 : exp(Double((logits[token] - logits[best]) / temperature))
  }

  /// Collects the k best tokens, best first, and after them those whose logits equal the last one's.
  func collectLargest(_ k: Int, into candidates: inout Candidates) {
    candidates.takeLargest(k, of: logits) { self[$0] }
    guard let last = candidates.entries.last?.token else { return }
    // Of equal tokens, the heap has taken the first.
    for token in logits.indices where token > last && logits[token] == logits[last] {
      candidates.append(token, weight: self[token])
    }
  }

  /// The sum of the weights of all tokens, in order.
  var total: Double {
    var sum = 0.0
    for token in logits.indices { sum += self[token] }
    return sum
  }

  /// Collects the tokens of at least this weight, in order.
  func collect(from floor: Double, into candidates: inout Candidates) {
    // No exponential is computed for tokens that are clearly below.
    let least = logits[best] + temperature * Float(log(floor) - 0.01)
    candidates.removeAll()
    for token in logits.indices where !(logits[token] < least) {
      let weight = self[token]
      if weight >= floor { candidates.append(token, weight: weight) }
    }
  }
}
