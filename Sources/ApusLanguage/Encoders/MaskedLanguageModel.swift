// Masked language modeling and next-sentence prediction, the pre-training tasks of encoders.
// Read first: TextEncoder.swift. Read next: ../BERT/BERT+Checkpoint.swift.

public import ApusFiles
public import ApusNN
public import ApusPublished
public import ApusTensor

/// Predicts the token at each position of a text from the tokens on both sides (Devlin et al., arXiv:1810.04805, section 3.1).
///
/// ```
///   text ─ encoder ─┬─ transform ─ norm ─ tokenEmbeddingᵀ + bias ─ logits [B, T, V]
///                   └─ pooler ─ nextSentence ─ logits [B, 2]         (BERT's second task)
/// ```
public final class MaskedLanguageModel<Encoder: TextEncoder>: PublishedModel {
  /// The options in which the heads of the families differ.
  public struct Head: Sendable {
    /// The activation of `transform`.
    public var activation: Activation
    /// Added to the variance in `norm`.
    public var epsilon: Float
    /// Whether the output layer is tied to the token embedding.
    public var isTied: Bool
    /// Whether there is a second task: predicting whether the second sentence follows the first.
    public var hasNextSentence: Bool
    /// The published names of `transform`, `norm`, `bias`, `decoder` (if not tied) and `nextSentence`.
    public var names: [TensorNames.Row]
    /// Other published names of tied weights.
    public var aliases: [(theirs: String, other: String)]

    public init(
      activation: Activation, epsilon: Float, isTied: Bool = true, hasNextSentence: Bool = false,
      names: [TensorNames.Row], aliases: [(theirs: String, other: String)]
    ) {
      (self.activation, self.epsilon, self.isTied) = (activation, epsilon, isTied)
      (self.hasNextSentence, self.names, self.aliases) = (hasNextSentence, names, aliases)
    }
  }

  /// The encoder.
  public let encoder: Encoder
  /// The linear layer between the encoder and the output layer.
  public let transform: Linear
  /// The norm of the transformed hidden states.
  public let norm: LayerNorm
  /// The output layer, [vocabulary, width]; absent if it is tied to the token embedding.
  @Parameter public var decoder: Tensor?
  /// The bias of the output layer, [vocabulary].
  @Parameter public var bias: Tensor
  /// The logits of "follows" and "does not follow"; absent without the second task.
  public let nextSentence: Linear?
  /// The published names of the encoder and of this head.
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { Encoder.families }

  /// Creates a head on an encoder.
  ///
  /// - Precondition: with the second task, the encoder has a pooler.
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

  /// The logits at each position, from the last hidden states, [batch, length, width] → [batch, length, vocabulary].
  public func callAsFunction(_ states: Tensor) -> Tensor {
    linear(norm(transform(states)), weight: decoder ?? encoder.tokenEmbedding.weight, bias: bias)
  }

  /// The inputs of the encoder, `labels` (−100: ignored) and `next_sentence_label` → `logits` (or, with the second task,
  /// `prediction_logits` and `seq_relationship_logits`), `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let labels = inputs.optionalIndices(
      "labels", ["batch", "length"], below: encoder.vocabularySize, except: -100)
    let order =
      nextSentence == nil ? nil : inputs.optionalIndices("next_sentence_label", ["batch"], below: 2, except: -100)
    let record = inputs.record()
    let states = try encoder.hiddenStates(of: inputs, observer: record.observer)
    let logits = self(states)
    var outputs = ModelOutputs()
    if let nextSentence, let vector = encoder.pooled(states) {
      let relation = nextSentence(vector)
      outputs = ModelOutputs([("prediction_logits", logits), ("seq_relationship_logits", relation)])
      // There is a loss only with labels for both tasks.
      if let labels, let order { outputs.loss = crossEntropy(logits, labels) + crossEntropy(relation, order) }
    } else {
      outputs = ModelOutputs([("logits", logits)], loss: labels.map { crossEntropy(logits, $0) })
    }
    outputs.add(record)
    return outputs
  }
}
