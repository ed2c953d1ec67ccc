// Marian, a family of translation models. Read first: ../BART/BART.swift, from which it differs little.
// Read next: Marian+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A translation model of the Marian toolkit (Junczys-Dowmunt et al., arXiv:1804.00344), such as the OPUS-MT models.
///
/// ```
///   source [B, S] ─ embedding · √C ─(+)─ TransformerBlock × layers ─ memory [B, S, C]
///   0 … S−1 ──── sines and cosines ──┘                                │
///   target [B, T] ─ embedding · √C ─(+)─ TransformerBlock × layers ───┴─ hidden states [B, T, C]
///   0 … T−1 ──── sines and cosines ──┘   hidden states ─ embeddingᵀ + outputBias ─ logits [B, T, V]
/// ```
///
/// Compared with BART: position embeddings are sinusoidal, embeddings are not normalized, the activation is silu, and the target
/// begins with the padding token.
public final class Marian: TiedEncoderDecoder {
  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width]; also the output layer.
  public let embedding: Embedding
  /// The position embedding, all sines before all cosines.
  public let positions: SinusoidalPositions
  /// The blocks of the encoder, from first to last.
  public let encoderLayers: [TransformerBlock]
  /// The blocks of the decoder, from first to last.
  public let decoderLayers: [TransformerBlock]
  /// Added to the logits, [1, vocabulary]; not trained.
  @Buffer public var outputBias: Tensor
  /// Dropout applied to the sums of the embeddings.
  public let dropout: Dropout

  /// The sizes, as for BART.
  public typealias Configuration = BART.Configuration

  /// Creates a model with random weights.
  ///
  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "Marian: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    embedding = Embedding(
      c.vocabularySize, c.width, padding: Int(c.paddingToken), initializer: .normal(standardDeviation: 0.02))
    positions = SinusoidalPositions(c.width, layout: .halves)
    encoderLayers = c.encoder.makeBlocks(c.width, c.activation, dropout: c.dropout)
    decoderLayers = c.decoder.makeBlocks(c.width, c.activation, dropout: c.dropout, hasCrossAttention: true)
    outputBias = Initializer.zeros([1, c.vocabularySize])
    dropout = Dropout(c.dropout)
  }

  public func embedSource(_ ids: IndexTensor) -> Tensor { embedTarget(ids, from: 0) }

  public func embedTarget(_ ids: IndexTensor, from start: Int) -> Tensor {
    dropout(embedTokens(ids) + positions(ids.shape[1], from: start))
  }
}
