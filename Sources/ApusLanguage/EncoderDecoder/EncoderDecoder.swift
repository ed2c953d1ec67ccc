// What models that read one sequence and write another have in common: the forward call by name, and generation.
// Read first: ../Decoding/TokenDecoder.swift, ../Published/PublishedModel.swift. Read next: ../BART/BART.swift.

public import ApusFiles
public import ApusGeneration
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A Transformer with an encoder and a decoder.
///
/// ```
///   source [B, S] ─ embedding ─ encoder layers ─ memory [B, S, C]
///                                                   │
///   target [B, T] ─ embedding ─ decoder layers ─────┴─ output layer ─ logits [B, T, V]
/// ```
public protocol EncoderDecoder: Module, ConditionalDecoder {
  /// Stands where a batch's shorter sequences have no token.
  var paddingToken: Int32 { get }

  /// The hidden vectors of every depth of the encoder, the embeddings first.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: [batch, length], 1 for a token, 0 for padding; nil: no padding.
  /// - Returns: layers + 1 tensors, [batch, length, width]; the last one is the memory.
  func encode(_ ids: IndexTensor, tokens: IndexTensor?) -> [Tensor]

  /// The hidden vectors of every depth of the decoder, the embeddings first.
  ///
  /// - Parameters:
  ///   - ids: [batch, length]
  ///   - tokens: of the target; nil: no padding.
  ///   - memory: [batch, source length, width]
  ///   - memoryTokens: of the source.
  /// - Returns: layers + 1 tensors, [batch, length, width].
  func decode(_ ids: IndexTensor, tokens: IndexTensor?, memory: Tensor, memoryTokens: IndexTensor?) -> [Tensor]

  /// The last hidden vectors of tokens that follow what the state holds, which is extended: [rows, new, width].
  func decode(_ ids: IndexTensor, state: DecoderState) -> Tensor

  /// Scores of every token: [.., width] → [.., vocabulary].
  func logits(_ hidden: Tensor) -> Tensor

  /// A state for writing about a memory.
  func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState
}

extension EncoderDecoder {
  /// Scores of what comes after each token of the target.
  ///
  /// - Parameters:
  ///   - source: [batch, source length]
  ///   - target: [batch, length], beginning with the start token.
  ///   - sourceTokens: 1 for a token of the source, 0 for padding.
  /// - Returns: [batch, length, vocabulary]
  public func callAsFunction(_ source: IndexTensor, _ target: IndexTensor, sourceTokens: IndexTensor? = nil) -> Tensor {
    let memory = encode(source, tokens: sourceTokens)
    let states = decode(
      target, tokens: nil, memory: memory[memory.count - 1], memoryTokens: sourceTokens)
    return logits(states[states.count - 1])
  }

  /// Reads a batch with the encoder, once for all tokens that will be written.
  public func makeState(reading source: IndexTensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    let states = encode(source, tokens: tokens)
    return makeState(memory: states[states.count - 1], tokens: tokens, capacity: capacity)
  }

  /// Scores of what comes after tokens that follow what the state holds.
  public func scores(after ids: IndexTensor, state: DecoderState, isLastOnly: Bool) -> Tensor {
    let hidden = decode(ids, state: state)
    let new = hidden.shape[1]
    return logits(isLastOnly && new > 1 ? hidden.slice(new - 1..<new, along: 1) : hidden)
  }

  /// The target that predicts the labels: the start token, then the labels but the last; padding for labels that do not
  /// count.
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

    let encoded = encode(ids, tokens: tokens)
    let memory = encoded[encoded.count - 1]
    let decoded = decode(target, tokens: targetTokens, memory: memory, memoryTokens: tokens)
    let logits = logits(decoded[decoded.count - 1])
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    outputs.add("decoder_hidden_states", each: decoded)
    outputs.add("encoder_last_hidden_state", memory)
    outputs.add("encoder_hidden_states", each: encoded)
    return outputs
  }
}
