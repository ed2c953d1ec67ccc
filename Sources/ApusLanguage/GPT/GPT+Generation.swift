// Text from a GPT, one token at a time, with a key–value cache. Read first: Decoding/TokenDecoder.swift, Sampler.swift.
// Read next: ../Decoding/Generation.swift, which does this for every model.

import ApusBase
import ApusGeneration
import ApusNN
public import ApusTensor

extension GPT: CausalDecoder {
  public var vocabularySize: Int { configuration.vocabularySize }
  public var positionLimit: Int? { configuration.contextLength }

  public func makeState(rows: Int = 1, capacity: Int, padding: [Int] = []) -> DecoderState {
    DecoderState(
      rows: rows, capacity: capacity, layers: blocks.count, width: configuration.width, padding: padding)
  }

  public func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let hidden = hiddenStates(ids, state: state)
    let new = hidden.shape[1]
    return tokenEmbedding.scores(isLastOnly && new > 1 ? hidden.slice(new - 1..<new, along: 1) : hidden)
  }
}

extension GPT {
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
    var state = makeState(capacity: configuration.contextLength)
    func row(_ tokens: ArraySlice<Int32>) -> IndexTensor { IndexTensor(Array(tokens), shape: [1, tokens.count]) }
    var pending = row(text.suffix(configuration.contextLength))
    var candidates = Candidates()
    var result: [Int32] = []
    while result.count < count {
      if state.count + pending.count > configuration.contextLength {
        state = makeState(capacity: configuration.contextLength)
        pending = row(text.suffix(max(1, configuration.contextLength / 2)))
      }
      let token = withScores(after: pending, state: state) { scores in
        let uniform = sampler.temperature == 0 ? 0 : generator.uniform()
        return scores.withUnsafePointer {
          Int32(sampler.draw(UnsafeBufferPointer(start: $0, count: vocabularySize), uniform: uniform, &candidates))
        }
      }
      text.append(token)
      result.append(token)
      pending.overwrite(as: [1, 1]) { $0[0] = token }
      if !onToken(token) || token == end { break }
    }
    return result
  }
}
