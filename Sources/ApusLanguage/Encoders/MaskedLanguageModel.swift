// Guessing hidden words, and whether one sentence follows another: how encoders are trained on plain text.
// Read first: TextEncoder.swift. Read next: ../BERT/BERT+Checkpoint.swift.

public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// A word for every place in a text, from the words on both sides (Devlin et al., arXiv:1810.04805, section 3.1).
///
/// ```
///   text ─ encoder ─┬─ transform ─ norm ─ embedding tableᵀ + bias ─ logits [B, T, V]
///                   └─ pooler ─ nextSentence ─ logits [B, 2]         (BERT's second task)
/// ```
public final class MaskedLanguageModel<Encoder: TextEncoder>: PublishedModel {
  /// What distinguishes the families' heads.
  public struct Head: Sendable {
    /// Of `transform`.
    public var activation: Activation
    /// Added to variances in `norm`.
    public var epsilon: Float
    /// Whether the output layer is the embedding table.
    public var isTied: Bool
    /// Whether there is a second task: does the second sentence follow the first?
    public var hasNextSentence: Bool
    /// The published names of `transform`, `norm`, `bias`, `decoder` (if not tied) and `nextSentence`.
    public var names: [TensorNames.Row]
    /// The other names of what is tied.
    public var aliases: [(theirs: String, other: String)]

    public init(
      activation: Activation, epsilon: Float, isTied: Bool = true, hasNextSentence: Bool = false,
      names: [TensorNames.Row], aliases: [(theirs: String, other: String)]
    ) {
      (self.activation, self.epsilon, self.isTied) = (activation, epsilon, isTied)
      (self.hasNextSentence, self.names, self.aliases) = (hasNextSentence, names, aliases)
    }
  }

  /// From tokens to vectors.
  public let encoder: Encoder
  /// Between the encoder's vectors and the output layer.
  public let transform: Linear
  /// Of the transformed vectors.
  public let norm: LayerNorm
  /// The output layer, [vocabulary, width]; absent if it is the embedding table.
  @Parameter public var decoder: Tensor?
  /// Of the output layer, [vocabulary].
  @Parameter public var bias: Tensor
  /// Scores of "follows" and "does not follow".
  public let nextSentence: Linear?
  /// The table of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// The head on an encoder; with the second task, the encoder has a pooler.
  public init(_ encoder: Encoder, _ head: Head) {
    self.encoder = encoder
    let (vocabulary, width) = (encoder.vocabularySize, encoder.width)
    transform = Linear(width, width, activation: head.activation)
    norm = LayerNorm(width, epsilon: head.epsilon)
    decoder = head.isTied ? nil : Initializer.normal(standardDeviation: 0.02)([vocabulary, width])
    bias = Initializer.zeros([vocabulary])
    nextSentence = head.hasNextSentence ? Linear(width, 2) : nil
    var names = encoder.tensorNames.nested(in: "encoder", head: head.names)
    names.aliases += head.aliases
    tensorNames = names
  }

  /// The scores of all words at every place, [batch, length, width] → [batch, length, vocabulary].
  public func callAsFunction(_ states: Tensor) -> Tensor {
    linear(norm(transform(states)), weight: decoder ?? encoder.tokenEmbedding.weight, bias: bias)
  }

  /// The encoder's inputs, `labels` (−100: none) and `next_sentence_label` → `logits` (or, with the second task,
  /// `prediction_logits` and `seq_relationship_logits`), `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = inputs.optionalIndices(
      "labels", ["batch", "length"], below: encoder.vocabularySize, except: -100)
    let order =
      nextSentence == nil ? nil : inputs.optionalIndices("next_sentence_label", ["batch"], below: 2, except: -100)
    let states = try encoder.hiddenStates(of: inputs)
    let last = states[states.count - 1]
    let logits = self(last)
    var outputs = ModelOutputs()
    if let nextSentence, let vector = encoder.pooled(last) {
      let relation = nextSentence(vector)
      outputs = ModelOutputs([("prediction_logits", logits), ("seq_relationship_logits", relation)])
      // Both tasks are learned at once, or nothing is.
      if let labels, let order { outputs.loss = crossEntropy(logits, labels) + crossEntropy(relation, order) }
    } else {
      outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    }
    outputs.add("hidden_states", each: states)
    return outputs
  }
}
