// From scores to a token. Read next: ScoreRules.swift, what is done to the scores before; TokenGenerator.swift.

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
    scores.withUnsafeBufferPointer { draw($0, uniform: temperature == 0 ? 0 : generator.uniforms(count: 1)[0]) }
  }

  /// The token that a number in [0, 1) stands for.
  func draw(_ scores: UnsafeBufferPointer<Float>, uniform: Float) -> Int {
    let weights = TokenWeights(scores, temperature)
    guard temperature > 0 else { return weights.best }
    func pick(_ candidates: some Sequence<TokenWeights.Candidate>) -> Int {
      var remaining = Double(uniform) * candidates.reduce(0) { $0 + $1.weight }
      var last = weights.best
      for (token, weight) in candidates {
        remaining -= weight
        if remaining < 0 { return token }
        last = token
      }
      return last
    }
    if let some = selected(weights) { return pick(some) }
    // With every token in play their weights are computed twice: that is cheaper than to store them.
    return pick(weights.all)
  }

  /// The probability of every token, in Double.
  func probabilities(_ scores: UnsafeBufferPointer<Float>) -> [Double] {
    var result = [Double](repeating: 0, count: scores.count)
    let weights = TokenWeights(scores, temperature)
    let candidates = temperature > 0 ? selected(weights) ?? Array(weights.all) : [(weights.best, 1)]
    let total = candidates.reduce(0) { $0 + $1.weight }
    for (token, weight) in candidates { result[token] = weight / total }
    return result
  }

  /// The tokens that are considered; nil: all of them.
  private func selected(_ weights: TokenWeights) -> [TokenWeights.Candidate]? {
    var result: [TokenWeights.Candidate]
    if let topK, topK < weights.scores.count {
      result = weights.leading(topK).map { ($0, weights[$0]) }
      if let topP, topP < 1 {
        let total = result.reduce(0) { $0 + $1.weight }
        result = nucleus(result, of: total, Double(topP))
      }
    } else if let topP, topP < 1 {
      let total = weights.all.reduce(0) { $0 + $1.weight }
      // Tokens so rare that all of them together stay below 1 − p need not be put in order.
      let floor = (1 - Double(topP)) * total / Double(weights.scores.count)
      result = nucleus(weights.candidates(from: floor), of: total, Double(topP))
    } else if let minP {
      return weights.candidates(from: Double(minP))
    } else {
      return nil
    }
    if let minP { result.removeAll { $0.weight < Double(minP) } }
    return result
  }

  /// The fewest best tokens with the share p of the total.
  private func nucleus(
    _ candidates: [TokenWeights.Candidate], of total: Double, _ p: Double
  ) -> [TokenWeights.Candidate] {
    let ordered = candidates.sorted { $0.weight > $1.weight || ($0.weight == $1.weight && $0.token < $1.token) }
    var sum = 0.0
    let end = ordered.firstIndex { candidate in
      defer { sum += candidate.weight }
      return sum >= p * total
    }
    return Array(ordered[..<(end ?? ordered.count)])
  }
}

/// The probabilities of tokens as multiples of the best one's.
private struct TokenWeights {
  typealias Candidate = (token: Int, weight: Double)

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
  func leading(_ k: Int) -> [Int] {
    let best = largest(k, of: scores)
    guard let last = best.last else { return [] }
    // Of equal ones the heap has taken the first.
    return best + scores.indices.filter { $0 > last && scores[$0] == scores[last] }
  }

  /// Every token, in order, computed when it is asked for.
  var all: some Sequence<Candidate> { scores.indices.lazy.map { (token: $0, weight: self[$0]) } }

  /// The tokens of at least this weight, in order.
  func candidates(from floor: Double) -> [Candidate] {
    // No exponential for those that are clearly below.
    let least = scores[best] + temperature * Float(log(floor) - 0.01)
    return scores.indices.compactMap { token in
      if scores[token] < least { return nil }
      let weight = self[token]
      return weight >= floor ? (token, weight) : nil
    }
  }
}

/// The positions of the k largest numbers, the largest first; of equal ones the first.
///
/// - Complexity: O(n log k): a heap holds the best so far, the worst of them on top.
func largest(_ k: Int, of numbers: UnsafeBufferPointer<Float>) -> [Int] {
  func isWorse(_ a: Int, _ b: Int) -> Bool {
    numbers[a] < numbers[b] || (numbers[a] == numbers[b] && a > b)
  }
  var heap: [Int] = []
  heap.reserveCapacity(k)
  func sink(_ start: Int, in count: Int) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < count else { return }
      if child + 1 < count, isWorse(heap[child + 1], heap[child]) { child += 1 }
      guard isWorse(heap[child], heap[parent]) else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
  for index in numbers.indices {
    if heap.count < k {
      heap.append(index)
      if heap.count == k { for parent in stride(from: k / 2 - 1, through: 0, by: -1) { sink(parent, in: k) } }
    } else if k > 0, isWorse(heap[0], index) {
      heap[0] = index
      sink(0, in: k)
    }
  }
  return heap.sorted { isWorse($1, $0) }
}
