// The protocols of models that generate text. Read first: DecoderState.swift.
// Read next: Generation.swift; ApusLanguage/Decoders/DecoderOnlyTransformer.swift, ApusLanguage/EncoderDecoder/EncoderDecoder.swift conform.

public import ApusTensor

/// A model that computes the logits of the next token, and keeps the keys and values of what it has read in a state.
public protocol AutoregressiveModel: AnyObject {
  /// The vocabulary size.
  var vocabularySize: Int { get }
  /// The maximum number of positions that the model can read and write; nil: any number.
  var positionLimit: Int? { get }
  /// The sequence length of the training, beyond which generated text degrades; nil: not known.
  var trainedLength: Int? { get }

  /// Reads tokens that follow the contents of the state, and computes the logits of the tokens after them.
  ///
  /// - Parameters:
  ///   - ids: [rows, new]
  ///   - state: what was read before; it is extended by these tokens.
  ///   - isLastOnly: whether only the logits after the last token are wanted.
  /// - Returns: [rows, 1 or new, vocabulary]
  func logits(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor
}

extension AutoregressiveModel {
  public var trainedLength: Int? { positionLimit }

  /// Calls `body` with the logits after some tokens, [rows, vocabulary].
  ///
  /// A step of one token per row reuses the memory of the step before. Longer steps do not: the memory of a long prompt would
  /// be kept as long as the state.
  package func withLogits<Result>(
    after ids: IndexTensor, state: DecoderState, _ body: (_ logits: inout Tensor) -> Result
  ) -> Result {
    if ids.shape[1] > 1 { return withLogits(reading: ids, state, body) }
    return state.workspace.run { withLogits(reading: ids, state, body) }
  }

  private func withLogits<Result>(
    reading ids: IndexTensor, _ state: DecoderState, _ body: (inout Tensor) -> Result
  ) -> Result {
    // [rows, 1, vocabulary] → [rows, vocabulary]
    var logits = logits(after: ids, state: state, isLastOnly: true).reshaped(to: [state.rows, vocabularySize])
    return body(&logits)
  }
}

/// A decoder-only model, which continues a prompt (GPT-2, Llama).
public protocol CausalDecoder: AutoregressiveModel {
  /// An empty state.
  ///
  /// - Parameters:
  ///   - rows: the number of sequences side by side.
  ///   - capacity: the maximum number of positions.
  ///   - padding: how many positions at the beginning of each row are padding; empty: none.
  func makeState(rows: Int, capacity: Int, padding: [Int]) -> DecoderState
}

/// An encoder–decoder model, which reads a source sequence and writes a target sequence (T5, BART, Marian).
public protocol ConditionalDecoder: AutoregressiveModel {
  /// The token that the target begins with, if the configuration names one.
  var startToken: Int32? { get }

  /// Reads a batch of source sequences with the encoder.
  ///
  /// - Parameters:
  ///   - source: [rows, length]
  ///   - tokens: [rows, length], 0 at padding; nil: there is none.
  ///   - capacity: the maximum number of positions of the target.
  func makeState(reading source: IndexTensor, tokens: IndexTensor?, capacity: Int) -> DecoderState
}
