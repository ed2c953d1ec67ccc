// Text from a GPT, one token at a time, with a key–value cache. Read first: Decoding/Sampler.swift.

public import ApusNN
public import ApusTensor

extension GPT {
  /// Empty caches for all blocks.
  ///
  /// - Parameter capacity: the most positions; nil: the context length.
  public func makeCaches(batch: Int = 1, capacity: Int? = nil) -> [KeyValueCache] {
    blocks.map { _ in
      KeyValueCache(batch: batch, capacity: capacity ?? configuration.contextLength, width: configuration.width)
    }
  }

  /// Scores of the token after the last one.
  ///
  /// - Parameters:
  ///   - ids: [batch, length], following what the caches hold.
  /// - Returns: [batch, vocabulary]
  public func nextScores(_ ids: IndexTensor, caches: [KeyValueCache]) -> Tensor {
    let hidden = hiddenStates(ids, caches: caches)
    let last = hidden.slice(hidden.shape[1] - 1..<hidden.shape[1], along: 1)
    return tokenEmbedding.scores(last.reshaped(to: [hidden.shape[0], hidden.shape[2]]))
  }

  /// Continues a sequence.
  ///
  /// When the context is full, the second half of it is read again as a new beginning: the model has no positions beyond.
  ///
  /// - Parameters:
  ///   - prompt: at least one token; of a prompt longer than the context only its end is read.
  ///   - count: the most tokens to generate.
  ///   - end: a token that ends the text (and is part of the result).
  ///   - generator: the source of randomness; the same one gives the same text.
  ///   - onToken: called with every new token; return false to stop.
  /// - Returns: the new tokens.
  public func generate(
    prompt: [Int32], count: Int, sampler: Sampler = .greedy, end: Int32? = nil,
    using generator: RandomGenerator = .current, onToken: (Int32) -> Bool = { _ in true }
  ) -> [Int32] {
    require(!prompt.isEmpty, "generate: an empty prompt")
    var text = prompt
    var caches = makeCaches()
    var pending = Array(text.suffix(configuration.contextLength))
    var result: [Int32] = []
    while result.count < count {
      let cached = caches.first?.count ?? 0
      if cached + pending.count > configuration.contextLength {
        caches = makeCaches()
        pending = Array(text.suffix(max(1, configuration.contextLength / 2)))
      }
      let scores = nextScores(IndexTensor(pending, shape: [1, pending.count]), caches: caches)
      let token = Int32(sampler(scores.scalars, using: generator))
      text.append(token)
      result.append(token)
      pending = [token]
      if !onToken(token) || token == end { break }
    }
    return result
  }
}
