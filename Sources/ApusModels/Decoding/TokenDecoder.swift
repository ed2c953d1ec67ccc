// What a model needs so that text can be generated with it. Read first: DecoderState.swift.
// Read next: Generation.swift; ../GPT/GPT+Generation.swift, ../BART/BART.swift for models that conform.

public import ApusTensor

/// A model that gives scores to what comes next, and remembers what it has read.
public protocol TokenDecoder: AnyObject {
  /// Distinct tokens.
  var vocabularySize: Int { get }
  /// The most positions that the model can read and write; nil: any number.
  var positionLimit: Int? { get }

  /// Reads tokens that follow what the state holds, and scores what comes after them.
  ///
  /// - Parameters:
  ///   - ids: [rows, new]
  ///   - state: is extended by them.
  ///   - isLastOnly: whether only the scores after the last one are wanted.
  /// - Returns: [rows, 1 or new, vocabulary]
  func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor
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
