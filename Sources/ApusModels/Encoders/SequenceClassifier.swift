// One answer for a whole text: a class, several classes, or a number.
// Read first: TextEncoder.swift. Read next: TokenClassifier.swift.

public import ApusData
public import ApusNN
public import ApusTensor

/// What a classifier's answer is, and so which loss it has (`problem_type`).
public enum ClassificationProblem: Sendable, Equatable {
  /// Numbers: mean squared error.
  case regression
  /// One class of several: cross-entropy.
  case oneClass
  /// Any of several classes: binary cross-entropy for each.
  case severalClasses

  /// What a configuration says; nil: the labels decide.
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

  /// Labels as they were read.
  enum Labels {
    case numbers(Tensor)
    case classes(IndexTensor)
    case truths(Tensor)
  }

  /// Reads `labels`: [batch] classes, [batch, labels] truth values, or numbers of either shape.
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

/// A text's class from the vector of its first token.
///
/// ```
///   text ─ encoder ─ first token ─ hidden (or the encoder's pooler) ─ dropout ─ output ─ logits [B, classes]
/// ```
public final class SequenceClassifier<Encoder: TextEncoder>: PublishedModel {
  /// From tokens to vectors.
  public let encoder: Encoder
  /// Between the first token's vector and the output, with its activation; absent if the encoder's pooler does that.
  public let hidden: Linear?
  /// Of the vector that is classified.
  public let dropout: Dropout
  /// A score for every class.
  public let output: Linear
  /// What the answer is; nil: the labels decide.
  public let problem: ClassificationProblem?
  /// The table of the encoder and of this head.
  public let tensorNames: TensorNames

  /// - Parameters:
  ///   - hiddenActivation: of a layer of the encoder's width; nil: the encoder's pooler.
  ///   - head: the published names of `hidden` and `output`.
  /// - Precondition: without a layer of its own, the encoder has a pooler.
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

  /// The scores of the classes, [batch, classes], from the last hidden vectors, [batch, length, width].
  public func callAsFunction(_ states: Tensor) -> Tensor {
    guard let vector = hidden.map({ $0(dropout(states.firstTokens)) }) ?? encoder.pooled(states) else {
      requirementFailure("SequenceClassifier: neither a hidden layer nor a pooler")
    }
    return output(dropout(vector))
  }

  /// The encoder's inputs and `labels` → `logits`, `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = ClassificationProblem.labels(inputs, count: output.weight.shape[0], problem: problem)
    let states = try encoder.hiddenStates(of: inputs)
    let logits = self(states[states.count - 1])
    var outputs = ModelOutputs([("logits", logits)], loss: ClassificationProblem.loss(of: logits, labels))
    outputs.add("hidden_states", each: states)
    return outputs
  }
}
