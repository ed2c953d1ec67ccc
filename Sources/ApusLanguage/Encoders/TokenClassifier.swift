// An answer for every token: its class, or whether the answer to a question begins or ends there.
// Read first: TextEncoder.swift, SequenceClassifier.swift.

public import ApusFiles
public import ApusNN
public import ApusPublished
import ApusTensor

/// A class for every token: names of people and places, parts of speech.
///
/// ```
///   text ─ encoder ─ dropout ─ output ─ logits [B, T, classes]
/// ```
public final class TokenClassifier<Encoder: TextEncoder>: PublishedModel {
  /// From tokens to vectors.
  public let encoder: Encoder
  /// Of the vectors that are classified.
  public let dropout: Dropout
  /// A score for every class.
  public let output: Linear
  /// The table of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// - Parameter head: the published names of `output`.
  public init(_ encoder: Encoder, classes: Int, dropout: Float = 0, head: [TensorNames.Row]) {
    self.encoder = encoder
    self.dropout = Dropout(dropout)
    output = Linear(encoder.width, classes)
    tensorNames = encoder.tensorNames.nested(in: "encoder", head: head)
  }

  /// The encoder's inputs and `labels` (−100: none) → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let classes = output.weight.shape[0]
    let labels = inputs.optionalIndices("labels", ["batch", "length"], below: classes, except: -100)
    let states = try encoder.hiddenStates(of: inputs)
    let logits = output(dropout(states[states.count - 1]))
    var outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    outputs.add("hidden_states", each: states)
    return outputs
  }
}

/// Where in a text the answer to a question begins and ends (Rajpurkar et al., arXiv:1606.05250).
///
/// ```
///   question and text ─ encoder ─ dropout ─ output ─┬─ scores of beginnings [B, T]
///                                                   └─ scores of ends       [B, T]
/// ```
public final class QuestionAnswerer<Encoder: TextEncoder>: PublishedModel {
  /// From tokens to vectors.
  public let encoder: Encoder
  /// Of the vectors.
  public let dropout: Dropout
  /// Two scores for every token.
  public let output: Linear
  /// The table of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// - Parameter head: the published names of `output`.
  public init(_ encoder: Encoder, dropout: Float = 0, head: [TensorNames.Row]) {
    self.encoder = encoder
    self.dropout = Dropout(dropout)
    output = Linear(encoder.width, 2)
    tensorNames = encoder.tensorNames.nested(in: "encoder", head: head)
  }

  /// The encoder's inputs, `start_positions` and `end_positions` → `start_logits`, `end_logits`, `hidden_states`, `loss`.
  ///
  /// A position behind the last token means that the text has no answer, and does not count.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let starts = inputs.optionalIndices("start_positions", ["batch"], below: .max)
    let ends = inputs.optionalIndices("end_positions", ["batch"], below: .max)
    let states = try encoder.hiddenStates(of: inputs)
    let scores = output(dropout(states[states.count - 1]))
    let (batch, length) = (scores.shape[0], scores.shape[1])
    let parts = scores.split(into: 2, along: 2).map { $0.reshaped(to: [batch, length]) }
    var outputs = ModelOutputs([("start_logits", parts[0]), ("end_logits", parts[1])])
    if let starts, let ends {
      outputs.loss = (loss(parts[0], starts) + loss(parts[1], ends)) * 0.5
    }
    outputs.add("hidden_states", each: states)
    return outputs
  }

  private func loss(_ logits: Tensor, _ positions: IndexTensor) -> Tensor {
    let outside = Int32(logits.shape[1])
    let clamped = IndexTensor(positions.indices.map { min($0, outside) }, shape: positions.shape)
    return crossEntropy(logits, clamped, ignoring: outside)
  }
}
