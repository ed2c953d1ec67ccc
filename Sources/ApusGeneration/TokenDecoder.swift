// What a model needs so that text can be generated with it. Read first: DecoderState.swift.
// Read next: Generation.swift; ../GPT/GPT+Generation.swift, ../BART/BART.swift for models that conform.

public import ApusTensor

/// A model that gives scores to what comes next, and remembers what it has read.
public protocol TokenDecoder: AnyObject {
  /// Distinct tokens.
  var vocabularySize: Int { get }
  /// The most positions that the model can read and write; nil: any number.
  var positionLimit: Int? { get }
  /// The sequence length that the model was trained on, beyond which its text degrades; nil: not known.
  var trainedLength: Int? { get }

  /// Reads tokens that follow what the state holds, and scores what comes after them.
  ///
  /// - Parameters:
  ///   - ids: [rows, new]
  ///   - state: is extended by them.
  ///   - isLastOnly: whether only the scores after the last one are wanted.
  /// - Returns: [rows, 1 or new, vocabulary]
  func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor
}

extension TokenDecoder {
  /// Scores after tokens, and what `body` makes of them; a single token for every row finds the memory of the one before.
  ///
  /// (Not more of them: a long prompt's memory would be kept as long as the state.)
  package func withScores<Result>(
    after ids: IndexTensor, state: DecoderState, _ body: (_ scores: inout Tensor) -> Result
  ) -> Result {
    if ids.shape[1] > 1 { return withScores(reading: ids, state, body) }
    return state.workspace.run { withScores(reading: ids, state, body) }
  }

  private func withScores<Result>(
    reading ids: IndexTensor, _ state: DecoderState, _ body: (inout Tensor) -> Result
  ) -> Result {
    // [rows, 1, vocabulary] → [rows, vocabulary]
    var scores = scores(after: ids, state: state, isLastOnly: true).reshaped(to: [state.rows, vocabularySize])
    return body(&scores)
  }
}

extension TokenDecoder {
  public var trainedLength: Int? { positionLimit }
}

/// A decoder that continues what it is given (GPT-2, Llama).
public protocol CausalDecoder: TokenDecoder {
  /// The memory of sequences that begin with some padding.
  ///
  /// - Parameters:
  ///   - padding: how many positions at the beginning of each row mean nothing; empty: none.
  func makeState(rows: Int, capacity: Int, padding: [Int]) -> DecoderState
}

/// A decoder that writes about a sequence that an encoder has read (T5, BART, Marian).
public protocol ConditionalDecoder: TokenDecoder {
  /// The token that stands before the first one written, if the configuration names one.
  var startToken: Int32? { get }

  /// Reads a batch of sequences with the encoder.
  ///
  /// - Parameters:
  ///   - source: [rows, length]
  ///   - tokens: 1 for a token, 0 for padding; nil: no padding.
  func makeState(reading source: IndexTensor, tokens: IndexTensor?, capacity: Int) -> DecoderState
}
