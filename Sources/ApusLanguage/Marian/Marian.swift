// Marian: the original Transformer as its translators trained it. Read first: ../BART/BART.swift, of which it is an edit.
// Read next: Marian+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A translation model of the Marian toolkit (Junczys-Dowmunt et al., arXiv:1804.00344), such as the OPUS-MT models.
///
/// ```
///   source [B, S] ─ embedding · √C ─(+)─ EncoderBlock × layers ──────────── memory [B, S, C]
///   0 … S−1 ──── sines and cosines ──┘                                       │
///   target [B, T] ─ embedding · √C ─(+)─ TransformerDecoderLayer × layers ────┴─ hidden [B, T, C]
///   0 … T−1 ──── sines and cosines ──┘         hidden ─ embeddingᵀ + outputBias ─ logits [B, T, V]
/// ```
///
/// Beside BART: positions are computed, the embeddings are not normalized, the activation is silu, and writing begins with
/// the padding token.
public final class Marian: TiedEncoderDecoder {
  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width]; also the output layer.
  public let embedding: Embedding
  /// Vectors of positions, all sines before all cosines.
  public let positions: SinusoidalPositions
  /// The encoder.
  public let encoderLayers: [EncoderBlock]
  /// The decoder.
  public let decoderLayers: [TransformerDecoderLayer]
  /// Added to the scores, [1, vocabulary]; not trained.
  @Buffer public var outputBias: Tensor
  /// Of the embeddings' sums.
  public let dropout: Dropout

  /// Marian's have the same sizes as BART's.
  public typealias Configuration = BART.Configuration

  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "Marian: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    embedding = Embedding(
      c.vocabularySize, c.width, padding: Int(c.paddingToken), initializer: .normal(standardDeviation: 0.02))
    positions = SinusoidalPositions(c.width, layout: .halves)
    encoderLayers = c.encoder.makeEncoder(c.width, c.activation, dropout: c.dropout)
    decoderLayers = c.decoder.makeDecoder(c.width, c.activation, dropout: c.dropout)
    outputBias = Initializer.zeros([1, c.vocabularySize])
    dropout = Dropout(c.dropout)
  }

  public func embedSource(_ ids: IndexTensor) -> Tensor { embedTarget(ids, from: 0) }

  public func embedTarget(_ ids: IndexTensor, from start: Int) -> Tensor {
    dropout(tokenVectors(ids) + positions(ids.shape[1], from: start))
  }
}
