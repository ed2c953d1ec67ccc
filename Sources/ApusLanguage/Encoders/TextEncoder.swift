// What BERT and its relatives have in common: text in, one vector a token out. The heads are written once on it.
// Read next: ../BERT/BERT.swift, SequenceClassifier.swift, MaskedLanguageModel.swift.

public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A model from tokens to hidden vectors, without a head.
public protocol TextEncoder: PublishedModel {
  /// Features of a token.
  var width: Int { get }
  /// The most tokens of a text.
  var longestText: Int { get }
  /// Vectors of tokens, [vocabulary, width]; a language model's output layer reads them too.
  var tokenEmbedding: Embedding { get }

  /// The vectors of every depth: the embeddings, then each block's result.
  ///
  /// Takes its arguments by Hugging Face's names, and calls `inputs.check()` before it computes anything.
  ///
  /// - Returns: layers + 1 tensors, [batch, length, width].
  func hiddenStates(of inputs: InputReader) throws(FileFormatError) -> [Tensor]

  /// The last hidden vectors.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  /// - Returns: [batch, length, width]
  func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor?) -> Tensor

  /// One vector for a text, [batch, width], from the last hidden vectors; nil if the model has no layer for it.
  func pooled(_ states: Tensor) -> Tensor?
}

extension TextEncoder {
  public func pooled(_ states: Tensor) -> Tensor? { nil }

  /// The number of tokens.
  public var vocabularySize: Int { tokenEmbedding.weight.shape[0] }

  /// `last_hidden_state`, `pooler_output` if there is one, `hidden_states`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let states = try hiddenStates(of: inputs)
    let last = states[states.count - 1]
    var outputs = ModelOutputs([("last_hidden_state", last)])
    if let pooled = pooled(last) { outputs.add("pooler_output", pooled) }
    outputs.add("hidden_states", each: states)
    return outputs
  }
}
