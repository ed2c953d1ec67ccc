// The skeleton of decoder-only language models: embeddings, causal blocks, a final norm, an output layer.
// Read first: ApusNN/Layers/TransformerStack.swift. Read next: ../GPT/GPT.swift, ../Llama/Llama.swift.

import ApusBase
public import ApusFiles
public import ApusGeneration
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A Transformer that predicts the next token from all tokens before it (GPT-2, Llama).
///
/// ```
///   ids [B, T] ─ embed ─ TransformerBlock × layers, causal ─ finalNorm ─ logits [B, T, V]
/// ```
///
/// A family says how tokens and positions are embedded and what its blocks are made of. Training, inference, generation
/// with caches and inspection are one pass, `hiddenStates`, which is written here.
public protocol DecoderOnlyTransformer: CausalDecoder, PublishedModel {
  /// `LayerNorm` or `RMSNorm`.
  associatedtype FinalNorm: Layer
  /// The blocks, from first to last.
  var blocks: [TransformerBlock] { get }
  /// The norm after the last block.
  var finalNorm: FinalNorm { get }

  /// The embeddings, which the first block reads, [batch, length] → [batch, length, width].
  func embed(_ ids: IndexTensor, at positions: TokenPositions) -> Tensor

  /// The rotations of queries and keys; nil if positions are embedded.
  func rotary(_ positions: TokenPositions) -> RotaryAngles?

  /// The output layer, [.., width] → [.., vocabulary].
  func logits(_ hiddenStates: Tensor) -> Tensor
}

extension DecoderOnlyTransformer {
  /// No rotations.
  public func rotary(_ positions: TokenPositions) -> RotaryAngles? { nil }

  /// The forward pass up to the output layer.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - positions: [batch or 1, length]; nil: 0, 1, 2, …; a state knows them itself.
  ///   - mask: which positions see which; a state is causal by its caches.
  ///   - state: what was read before these ids; it is extended by them.
  ///   - observer: receives the embeddings, each block's result (of the last one the normalized result), and attention
  ///     weights.
  /// - Returns: the normalized hidden states, [batch, length, width].
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · heads · head size for attention.
  /// - Precondition: the model has these positions.
  public func hiddenStates(
    _ ids: IndexTensor, positions: IndexTensor? = nil, mask: AttentionMask = .causal, state: DecoderState? = nil,
    observer: ForwardObserver? = nil
  ) -> Tensor {
    require(ids.shape.rank == 2, "\(Self.self): ids of shape \(ids.shape) (expected [batch, length])")
    let length = ids.shape[1]
    let positions = state?.nextPositions(length) ?? TokenPositions(positions, length: length)
    return blocks(
      embed(ids, at: positions), mask: state?.mask ?? mask, rotary: rotary(positions), caches: state?.caches,
      observer: observer
    ) { finalNorm($0) }
  }

  /// The logits of the next token at every position.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - observer: receives hidden states and attention weights.
  /// - Returns: [batch, length, vocabulary]
  public func callAsFunction(_ ids: IndexTensor, observer: ForwardObserver? = nil) -> Tensor {
    logits(hiddenStates(ids, observer: observer))
  }

  // MARK: Generation

  /// An empty state.
  ///
  /// - Parameters:
  ///   - rows: the number of sequences side by side.
  ///   - capacity: the maximum number of positions.
  ///   - padding: how many positions at the beginning of each row are padding; empty: none.
  public func makeState(rows: Int = 1, capacity: Int, padding: [Int] = []) -> DecoderState {
    DecoderState(rows: rows, capacity: capacity, blocks: blocks, padding: padding)
  }

  public func logits(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let states = hiddenStates(ids, state: state)
    let new = states.shape[1]
    return logits(isLastOnly && new > 1 ? states.slice(new - 1..<new, along: 1) : states)
  }

  // MARK: Running by name

  /// `input_ids`, `attention_mask`, `position_ids`, `labels` → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = inputs.optionalIndices("labels", ["batch", "length"], below: vocabularySize, except: -100)
    let record = inputs.record()
    let logits = logits(try hiddenStates(of: inputs, observer: record.observer))
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0.shiftedToNext) })
    outputs.add(record)
    return outputs
  }

  fileprivate func hiddenStates(
    of inputs: InputReader, observer: ForwardObserver
  ) throws(FileFormatError) -> Tensor {
    let ids = inputs.indices(
      "input_ids", ["batch", .named("length", atMost: positionLimit ?? .max)], below: vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
    let positions = inputs.optionalIndices(
      "position_ids", ["batch", "length"], below: positionLimit ?? Int(Int32.max))
    try inputs.check()
    return hiddenStates(ids, positions: positions, mask: .padding(tokens, causal: true), observer: observer)
  }
}

/// A decoder-only model without its output layer (GPT2Model, LlamaModel).
final class HiddenStatesModel<Model: DecoderOnlyTransformer>: PublishedModel {
  let model: Model

  init(_ model: Model) { self.model = model }

  static var families: [ModelFamily] { Model.families }
  var tensorNames: TensorNames { model.tensorNames.nested(in: "model") }

  /// `input_ids`, `attention_mask`, `position_ids` → `last_hidden_state`, `hidden_states`.
  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let record = inputs.record()
    let last = try model.hiddenStates(of: inputs, observer: record.observer)
    var outputs = ModelOutputs([("last_hidden_state", last)])
    outputs.add(record)
    return outputs
  }
}

extension IndexTensor {
  /// The labels for predicting the next token, [batch, length]: at each position the next label, at the last one −100.
  var shiftedToNext: IndexTensor {
    let length = shape[1]
    return IndexTensor(
      indices.indices.map { $0 % length == length - 1 ? -100 : indices[$0 + 1] }, shape: shape)
  }
}
