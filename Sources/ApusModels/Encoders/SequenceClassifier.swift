// Classification of whole texts, and regression.
// Read first: TextEncoder.swift. Read next: TokenClassifier.swift.

public import ApusData
public import ApusNN
public import ApusTensor

/// The kind of answer of a classifier, which determines its loss (`problem_type`).
public enum ClassificationProblem: Sendable, Equatable {
  /// Numbers, with mean squared error.
  case regression
  /// One of several classes, with cross-entropy.
  case oneClass
  /// Any of several classes, with binary cross-entropy for each.
  case severalClasses

  /// The kind that a configuration names; nil if the labels decide.
  init?(_ file: ConfigurationReader) {
    let names: [(String, ClassificationProblem?)] = [
      ("undecided", nil), ("regression", .regression), ("single_label_classification", .oneClass),
      ("multi_label_classification", .severalClasses),
    ]
    guard let problem = file.choice("problem_type", default: "undecided", names) else { return nil }
    self = problem
  }

  /// The loss of logits [batch, labels]; nil without labels.
  static func loss(
    of logits: Tensor, _ inputs: Labels?
  ) -> Tensor? {
    switch inputs {
    case nil: nil
    case .numbers(let target): meanSquaredError(logits.reshaped(to: target.shape), target)
    case .classes(let target): crossEntropy(logits, target)
    case .truths(let target): binaryCrossEntropyWithLogits(logits, target)
    }
  }

  /// Labels, as read from the inputs.
  enum Labels {
    case numbers(Tensor)
    case classes(IndexTensor)
    case truths(Tensor)
  }

  /// Reads `labels`: classes [batch], truth values [batch, labels], or numbers of either shape.
  static func labels(
    _ inputs: InputReader, count: Int, problem: ClassificationProblem?
  ) -> Labels? {
    guard inputs.has("labels"), let given = inputs.inputs.values["labels"] else { return nil }
    let isWhole = if case .indices = given { true } else { false }
    switch problem ?? (count == 1 ? .regression : isWhole ? .oneClass : .severalClasses) {
    case .regression:
      let axes: [InputReader.Axis] = count == 1 && given.shape.rank == 1 ? ["batch"] : ["batch", .size(count)]
      return inputs.optionalTensor("labels", axes).map { .numbers($0) }
    case .oneClass:
      return inputs.optionalIndices("labels", ["batch"], below: count, except: -100).map { .classes($0) }
    case .severalClasses:
      return inputs.optionalTensor("labels", ["batch", .size(count)]).map { .truths($0) }
    }
  }
}

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
