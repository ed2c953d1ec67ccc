// Generation with a GPT beyond its context length. Read first: ApusGeneration/AutoregressiveModel.swift, Sampler.swift.
// Read next: ApusGeneration/Generation.swift, which does this for every model.

import ApusBase
import ApusGeneration
import ApusNN
public import ApusTensor

extension GPT {
  /// The vocabulary size.
  public var vocabularySize: Int { configuration.vocabularySize }
  /// The context length.
  public var positionLimit: Int? { configuration.contextLength }

  /// Continues a sequence.
  ///
  /// When the context is full, its second half becomes the beginning of a new context, since the model has no further positions.
  ///
  /// - Parameters:
  ///   - prompt: at least one token; only the end of a prompt longer than the context is read.
  ///   - count: the maximum number of tokens to generate.
  ///   - sampler: how a token is chosen.
  ///   - end: a token that ends the text; it is part of the result.
  ///   - generator: the source of random numbers; the same generator gives the same text.
  ///   - onToken: called with each new token; return false to stop.
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
      let token = withLogits(after: pending, state: state) { logits in
        let uniform = sampler.temperature == 0 ? 0 : generator.uniform()
        return logits.withUnsafePointer {
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
