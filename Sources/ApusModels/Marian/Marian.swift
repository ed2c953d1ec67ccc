// Marian: the original Transformer as its translators trained it. Read first: ../BART/BART.swift, of which it is an edit.
// Read next: Marian+Checkpoint.swift.

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
public final class Marian: EncoderDecoder {
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

  public var vocabularySize: Int { configuration.vocabularySize }
  public var positionLimit: Int? { configuration.contextLength }
  public var startToken: Int32? { configuration.startToken }
  public var paddingToken: Int32 { configuration.paddingToken }

  private func embed(_ ids: IndexTensor, from start: Int = 0) -> Tensor {
    let vectors = configuration.scalesEmbeddings ? embedding(ids) * configuration.embeddingScale : embedding(ids)
    return dropout(vectors + positions(ids.shape[1], from: start))
  }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?) -> [Tensor] {
    let mask = AttentionMask.padding(tokens)
    return encoderLayers.states(from: embed(ids)) { $1($0, mask: mask) }
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: Tensor, memoryTokens: IndexTensor?
  ) -> [Tensor] {
    let (mask, memoryMask) = (AttentionMask.padding(tokens, causal: true), AttentionMask.padding(memoryTokens))
    return decoderLayers.states(from: embed(ids)) { $1($0, memory: memory, mask: mask, memoryMask: memoryMask) }
  }

  public func logits(_ hidden: Tensor) -> Tensor { embedding.scores(hidden) + outputBias }

  public func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    decoderLayers.makeState(memory: memory, tokens: tokens, capacity: capacity)
  }

  public func decode(_ ids: IndexTensor, state: DecoderState) -> Tensor {
    decoderLayers.decode(embed(ids, from: state.count), state: state)
  }
}
