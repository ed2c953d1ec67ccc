// The skeleton of encoder–decoder models (BART, Marian, T5, the Transformer of 2017): they read one sequence and write another.
// Read first: ApusNN/Layers/TransformerStack.swift. Read next: ../BART/BART.swift, ../T5/T5.swift.

public import ApusFiles
public import ApusGeneration
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A Transformer with an encoder and a decoder.
///
/// ```
///   source [B, S] ─ embedding ─ TransformerBlock × layers ──────────────────────── memory [B, S, C]
///                                                                                      │
///   target [B, T] ─ embedding ─ TransformerBlock × layers, causal, cross-attention ────┴─ output layer ─ logits [B, T, V]
/// ```
///
/// A family says how its stacks embed, run and normalize. Training, inference, generation with caches and inspection
/// are the same two passes, `encode` and `decode`.
public protocol EncoderDecoder: Module, ConditionalDecoder {
  /// The token that fills up a batch's shorter sequences.
  var paddingToken: Int32 { get }
  /// The blocks of the decoder, from first to last.
  var decoderBlocks: [TransformerBlock] { get }

  /// The forward pass of the encoder.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding; nil: there is none.
  ///   - observer: receives the embeddings, each block's result, and attention weights.
  /// - Returns: the memory, [batch, length, width].
  func encode(_ ids: IndexTensor, tokens: IndexTensor?, observer: ForwardObserver?) -> Tensor

  /// The forward pass of the decoder up to the output layer.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 0 at padding of the target; nil: there is none, as with caches.
  ///   - memory: what the decoder reads of the source.
  ///   - caches: the keys and values of the target so far, which ids extend; nil: ids are the whole target.
  ///   - observer: receives the embeddings, each block's result, and the weights of both attentions.
  /// - Returns: the last hidden states, [batch, length, width].
  func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: EncoderMemory, caches: [KeyValueCache]?,
    observer: ForwardObserver?
  ) -> Tensor

  /// The output layer, [.., width] → [.., vocabulary].
  func logits(_ hiddenStates: Tensor) -> Tensor
}

extension EncoderDecoder {
  /// The logits of what follows each token of the target.
  ///
  /// - Parameters:
  ///   - source: [batch, source length]
  ///   - target: [batch, length], beginning with the start token.
  ///   - sourceTokens: [batch, source length], 0 at padding; nil: there is none.
  ///   - observer: receives hidden states and attention weights of the decoder.
  /// - Returns: [batch, length, vocabulary]
  public func callAsFunction(
    _ source: IndexTensor, _ target: IndexTensor, sourceTokens: IndexTensor? = nil, observer: ForwardObserver? = nil
  ) -> Tensor {
    let encoded = encode(source, tokens: sourceTokens, observer: nil)
    let memory = EncoderMemory.states(encoded, mask: .padding(sourceTokens))
    return logits(decode(target, tokens: nil, memory: memory, caches: nil, observer: observer))
  }

  /// Reads a batch with the encoder, once for all tokens to be generated.
  public func makeState(reading source: IndexTensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    let encoded = encode(source, tokens: tokens, observer: nil)
    return DecoderState(
      rows: encoded.shape[0], capacity: capacity, blocks: decoderBlocks,
      memories: decoderBlocks.memories(of: encoded, mask: .padding(tokens)))
  }

  /// The logits after tokens that follow the contents of the state.
  public func logits(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let states = decode(
      ids, tokens: nil, memory: .projected(state.memories), caches: state.caches, observer: nil)
    let new = states.shape[1]
    return logits(isLastOnly && new > 1 ? states.slice(new - 1..<new, along: 1) : states)
  }

  /// The decoder input for predicting the labels: the start token, then all labels but the last; padding for ignored labels.
  func shiftedRight(_ labels: IndexTensor) -> IndexTensor {
    let length = labels.shape[1]
    let ids = labels.indices.indices.map { index -> Int32 in
      if index % length == 0 { return startToken ?? paddingToken }
      let label = labels.indices[index - 1]
      return label < 0 ? paddingToken : label
    }
    return IndexTensor(ids, shape: labels.shape)
  }
}

extension PublishedModel where Self: EncoderDecoder {
  /// `input_ids`, `attention_mask`, `decoder_input_ids`, `decoder_attention_mask`, `labels` → `logits`,
  /// `decoder_hidden_states`, `encoder_last_hidden_state`, `encoder_hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let (bound, limit) = (vocabularySize, positionLimit ?? .max)
    let ids = inputs.indices("input_ids", ["batch", .named("length", atMost: limit)], below: bound)
    let tokens = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
    let targetAxes: [InputReader.Axis] = ["batch", .named("target length", atMost: limit)]
    let labels = inputs.optionalIndices("labels", targetAxes, below: bound, except: -100)
    let given = inputs.optionalIndices("decoder_input_ids", targetAxes, below: bound)
    let targetTokens = inputs.optionalIndices("decoder_attention_mask", targetAxes, below: 2)
    if given == nil, labels == nil, !inputs.has("decoder_input_ids"), !inputs.has("labels") {
      inputs.note("decoder_input_ids", expected: "ids, or labels to make them from", found: "neither")
    }
    try inputs.check()
    guard let target = given ?? labels.map({ shiftedRight($0) }) else { return ModelOutputs() }

    let (encoderRecord, decoderRecord) = (inputs.record(), inputs.record())
    let encoded = encode(ids, tokens: tokens, observer: encoderRecord.observer)
    let decoded = decode(
      target, tokens: targetTokens, memory: .states(encoded, mask: .padding(tokens)), caches: nil,
      observer: decoderRecord.observer)
    let logits = logits(decoded)
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    outputs.add(decoderRecord, part: "decoder_")
    outputs.add("encoder_last_hidden_state", encoded)
    outputs.add(encoderRecord, part: "encoder_")
    return outputs
  }
}
