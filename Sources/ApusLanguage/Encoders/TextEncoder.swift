// The skeleton of encoders (BERT, RoBERTa, DistilBERT): tokens in, one hidden state per token out. Heads are written on it.
// Read first: ApusNN/Layers/TransformerStack.swift. Read next: ../BERT/BERT.swift, SequenceClassifier.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A Transformer that reads a whole text at once, without a head.
///
/// ```
///   ids [B, T] ─ embed ─ TransformerBlock × layers, not causal ─ hidden states [B, T, C] ─ (pooled) ─ [B, C]
/// ```
///
/// A family says how tokens, positions and token types are embedded. The forward pass, `hiddenStates`, is written here.
public protocol TextEncoder: PublishedModel {
  /// The embedding dimension.
  var width: Int { get }
  /// The maximum number of tokens of a text.
  var maximumLength: Int { get }
  /// The token embedding, [vocabulary, width]; a language model's output layer reads it too.
  var tokenEmbedding: Embedding { get }
  /// The blocks, from first to last.
  var blocks: [TransformerBlock] { get }

  /// The embeddings, which the first block reads, [batch, length] → [batch, length, width].
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - types: [batch, length]; nil: all of the first type.
  ///   - positions: [batch, length]; nil: the family's own.
  func embed(_ ids: IndexTensor, types: IndexTensor?, positions: IndexTensor?) -> Tensor

  /// Takes the arguments of the forward pass by Hugging Face's names, and calls `inputs.check()`.
  func read(_ inputs: InputReader) throws(FileFormatError) -> TextEncoderInputs

  /// The sentence embedding from the last hidden states, [batch, length, width] → [batch, width]; nil if the model has no
  /// layer for it.
  func pooled(_ states: Tensor) -> Tensor?
}

/// The arguments of an encoder's forward pass.
public struct TextEncoderInputs {
  /// [batch, length]
  public var ids: IndexTensor
  /// The type of each token, [batch, length]; nil: all of the first type.
  public var types: IndexTensor?
  /// [batch, length]; nil: the family's own.
  public var positions: IndexTensor?
  /// [batch, length], 0 at padding; nil: there is none.
  public var tokens: IndexTensor?

  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - types: [batch, length]; nil: all of the first type.
  ///   - positions: [batch, length]; nil: the family's own.
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  public init(
    _ ids: IndexTensor, types: IndexTensor? = nil, positions: IndexTensor? = nil, tokens: IndexTensor? = nil
  ) {
    (self.ids, self.types, self.positions, self.tokens) = (ids, types, positions, tokens)
  }
}

extension TextEncoder {
  /// The forward pass.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - types: [batch, length]; nil: all of the first type.
  ///   - positions: [batch, length]; nil: the family's own.
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  ///   - observer: receives the embeddings, each block's result, and attention weights.
  /// - Returns: the last hidden states, [batch, length, width].
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · width for attention.
  /// - Precondition: the model has these positions.
  public func hiddenStates(
    _ ids: IndexTensor, types: IndexTensor? = nil, positions: IndexTensor? = nil, tokens: IndexTensor? = nil,
    observer: ForwardObserver? = nil
  ) -> Tensor {
    require(ids.shape.rank == 2, "\(Self.self): ids of shape \(ids.shape) (expected [batch, length])")
    return blocks(embed(ids, types: types, positions: positions), mask: .padding(tokens), observer: observer)
  }

  /// The last hidden states, [batch, length] → [batch, length, width].
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  public func callAsFunction(_ ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    hiddenStates(ids, tokens: tokens)
  }

  /// The last hidden states of named inputs, which are checked before anything is computed.
  func hiddenStates(of inputs: InputReader, observer: ForwardObserver) throws(FileFormatError) -> Tensor {
    let text = try read(inputs)
    return hiddenStates(
      text.ids, types: text.types, positions: text.positions, tokens: text.tokens, observer: observer)
  }

  /// No sentence embedding.
  public func pooled(_ states: Tensor) -> Tensor? { nil }

  /// The vocabulary size.
  public var vocabularySize: Int { tokenEmbedding.weight.shape[0] }

  /// `last_hidden_state`, `pooler_output` if there is one, `hidden_states`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let record = inputs.record()
    let last = try hiddenStates(of: inputs, observer: record.observer)
    var outputs = ModelOutputs([("last_hidden_state", last)])
    if let pooled = pooled(last) { outputs.add("pooler_output", pooled) }
    outputs.add(record)
    return outputs
  }
}
