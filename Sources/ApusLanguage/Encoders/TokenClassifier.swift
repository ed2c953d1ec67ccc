// Classification of tokens, and extractive question answering.
// Read first: TextEncoder.swift, SequenceClassifier.swift.

public import ApusFiles
public import ApusNN
public import ApusPublished
import ApusTensor

/// Classifies each token, as for named entities or parts of speech.
///
/// ```
///   text ─ encoder ─ dropout ─ output ─ logits [B, T, classes]
/// ```
public final class TokenClassifier<Encoder: TextEncoder>: PublishedModel {
  /// The encoder.
  public let encoder: Encoder
  /// Dropout applied to the hidden states.
  public let dropout: Dropout
  /// The output layer, with one logit for each class.
  public let output: Linear
  /// The published names of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// - Parameters:
  ///   - encoder: the encoder.
  ///   - classes: the number of classes.
  ///   - dropout: the probability of dropping an element of the hidden states in training.
  ///   - head: the published names of `output`.
  public init(_ encoder: Encoder, classes: Int, dropout: Float = 0, head: [TensorNames.Row]) {
    self.encoder = encoder
    self.dropout = Dropout(dropout)
    output = Linear(encoder.width, classes)
    tensorNames = encoder.tensorNames.nested(in: "encoder", head: head)
  }

  /// The inputs of the encoder and `labels` (−100: ignored) → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let classes = output.weight.shape[0]
    let labels = inputs.optionalIndices("labels", ["batch", "length"], below: classes, except: -100)
    let record = inputs.record()
    let states = try encoder.hiddenStates(of: inputs, observer: record.observer)
    let logits = output(dropout(states))
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    outputs.add(record)
    return outputs
  }
}

/// Finds the span of a text that answers a question (Rajpurkar et al., arXiv:1606.05250).
///
/// ```
///   question and text ─ encoder ─ dropout ─ output ─┬─ start logits [B, T]
///                                                   └─ end logits   [B, T]
/// ```
public final class QuestionAnswerer<Encoder: TextEncoder>: PublishedModel {
  /// The encoder.
  public let encoder: Encoder
  /// Dropout applied to the hidden states.
  public let dropout: Dropout
  /// The output layer, with a start and an end logit for each token.
  public let output: Linear
  /// The published names of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// - Parameters:
  ///   - encoder: the encoder.
  ///   - dropout: the probability of dropping an element of the hidden states in training.
  ///   - head: the published names of `output`.
  public init(_ encoder: Encoder, dropout: Float = 0, head: [TensorNames.Row]) {
    self.encoder = encoder
    self.dropout = Dropout(dropout)
    output = Linear(encoder.width, 2)
    tensorNames = encoder.tensorNames.nested(in: "encoder", head: head)
  }

  /// The inputs of the encoder, `start_positions` and `end_positions` → `start_logits`, `end_logits`, `hidden_states`, `loss`.
  ///
  /// Positions beyond the last token mean that the text has no answer; they are ignored.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let starts = inputs.optionalIndices("start_positions", ["batch"], below: .max)
    let ends = inputs.optionalIndices("end_positions", ["batch"], below: .max)
    let record = inputs.record()
    let states = try encoder.hiddenStates(of: inputs, observer: record.observer)
    let logits = output(dropout(states))
    let (batch, length) = (logits.shape[0], logits.shape[1])
    let parts = logits.split(into: 2, along: 2).map { $0.reshaped(to: [batch, length]) }
    var outputs = ModelOutputs([("start_logits", parts[0]), ("end_logits", parts[1])])
    if let starts, let ends {
      outputs.loss = (loss(parts[0], starts) + loss(parts[1], ends)) * 0.5
    }
    outputs.add(record)
    return outputs
  }

  private func loss(_ logits: Tensor, _ positions: IndexTensor) -> Tensor {
    let outside = Int32(logits.shape[1])
    let clamped = IndexTensor(positions.indices.map { min($0, outside) }, shape: positions.shape)
    return crossEntropy(logits, clamped, ignoring: outside)
  }
}
