// Classification of whole texts, and regression.
// Read first: TextEncoder.swift. Read next: TokenClassifier.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// Classifies texts by the hidden state of their first token.
///
/// ```
///   text ─ encoder ─ first token ─ hidden (or the encoder's pooler) ─ dropout ─ output ─ logits [B, classes]
/// ```
public final class SequenceClassifier<Encoder: TextEncoder>: PublishedModel {
  /// The encoder.
  public let encoder: Encoder
  /// The layer between the first token and the output, with its activation; absent if the pooler of the encoder is used.
  public let hidden: Linear?
  /// Dropout applied to the input of the output layer.
  public let dropout: Dropout
  /// The output layer, with one logit for each class.
  public let output: Linear
  /// The kind of answer; nil: the labels decide.
  public let problem: ClassificationProblem?
  /// The published names of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// - Parameters:
  ///   - encoder: the encoder.
  ///   - classes: the number of classes.
  ///   - hiddenActivation: the activation of the `hidden` layer; nil: the pooler of the encoder is used.
  ///   - dropout: the probability of dropping an element of the classified vector in training.
  ///   - problem: the kind of answer; nil: the labels decide.
  ///   - head: the published names of `hidden` and `output`.
  /// - Precondition: without a `hidden` layer, the encoder has a pooler.
  public init(
    _ encoder: Encoder, classes: Int, hiddenActivation: Activation? = nil, dropout: Float = 0,
    problem: ClassificationProblem? = nil, head: [TensorNames.Row]
  ) {
    self.encoder = encoder
    hidden = hiddenActivation.map { Linear(encoder.width, encoder.width, activation: $0) }
    output = Linear(encoder.width, classes)
    self.dropout = Dropout(dropout)
    self.problem = problem
    tensorNames = encoder.tensorNames.nested(in: "encoder", head: head)
  }

  /// The logits of the classes from the last hidden states, [batch, length, width] → [batch, classes].
  public func callAsFunction(_ states: Tensor) -> Tensor {
    guard let vector = hidden.map({ $0(dropout(states.firstTokens)) }) ?? encoder.pooled(states) else {
      requirementFailure("SequenceClassifier: neither a hidden layer nor a pooler")
    }
    return output(dropout(vector))
  }

  /// The inputs of the encoder and `labels` → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = ClassificationProblem.labels(inputs, count: output.weight.shape[0], problem: problem)
    let record = inputs.record()
    let states = try encoder.hiddenStates(of: inputs, observer: record.observer)
    let logits = self(states)
    var outputs = ModelOutputs([("logits", logits)], loss: ClassificationProblem.loss(of: logits, labels))
    outputs.add(record)
    return outputs
  }
}

extension SequenceClassifier: TextClassifier {
  public var vocabularySize: Int { encoder.vocabularySize }

  public var maximumLength: Int { encoder.maximumLength }

  public func logits(_ ids: IndexTensor) -> Tensor { self(encoder(ids, tokens: nil)) }
}
