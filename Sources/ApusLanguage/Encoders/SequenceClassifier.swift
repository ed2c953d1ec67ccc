// One answer for a whole text: a class, several classes, or a number.
// Read first: TextEncoder.swift. Read next: TokenClassifier.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

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
  public static var families: [ModelFamily] { Encoder.families }

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

extension SequenceClassifier: TextClassifier {
  public var vocabularySize: Int { encoder.vocabularySize }

  public var longestText: Int { encoder.longestText }

  public func logits(_ ids: IndexTensor) -> Tensor { self(encoder(ids, tokens: nil)) }
}
