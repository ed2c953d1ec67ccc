// BART: an encoder that reads damaged text, a decoder that writes it anew.
// Read first: ../EncoderDecoder/TiedEncoderDecoder.swift. Read next: BART+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A denoising sequence-to-sequence model (Lewis et al., arXiv:1910.13461).
///
/// ```
///   source [B, S] ─ embedding ─(+)─ encoderEmbeddingNorm ─ EncoderBlock × layers ──────────── memory [B, S, C]
///   0 … S−1 ─ encoderPositions ┘                                                               │
///   target [B, T] ─ embedding ─(+)─ decoderEmbeddingNorm ─ TransformerDecoderLayer × layers ────┴─ hidden [B, T, C]
///   0 … T−1 ─ decoderPositions ┘                              hidden ─ embeddingᵀ + outputBias ─ logits [B, T, V]
/// ```
///
/// The layers are the original Transformer's, normalized after each part, with gelu; one table of tokens serves the encoder,
/// the decoder and the output. Pre-training damages the source (masks spans, shuffles sentences) and asks for the original.
public final class BART: TiedEncoderDecoder {
  /// Position p reads row p + 2 of the tables: the first rows stood for special ids once.
  static let positionOffset = 2

  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width]; also the output layer.
  public let embedding: Embedding
  /// Vectors of the source's positions.
  public let encoderPositions: LearnedPositions
  /// Of the encoder's embeddings.
  public let encoderEmbeddingNorm: LayerNorm
  /// The encoder.
  public let encoderLayers: [EncoderBlock]
  /// Vectors of the target's positions.
  public let decoderPositions: LearnedPositions
  /// Of the decoder's embeddings.
  public let decoderEmbeddingNorm: LayerNorm
  /// The decoder.
  public let decoderLayers: [TransformerDecoderLayer]
  /// Added to the scores, [1, vocabulary]; not trained.
  @Buffer public var outputBias: Tensor
  /// Of the embeddings' sums.
  public let dropout: Dropout

  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "BART: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    embedding = Embedding(
      c.vocabularySize, c.width, padding: Int(c.paddingToken), initializer: .normal(standardDeviation: 0.02))
    encoderPositions = LearnedPositions(c.contextLength + BART.positionOffset, c.width)
    encoderEmbeddingNorm = LayerNorm(c.width)
    encoderLayers = c.encoder.makeEncoder(c.width, c.activation, dropout: c.dropout)
    decoderPositions = LearnedPositions(c.contextLength + BART.positionOffset, c.width)
    decoderEmbeddingNorm = LayerNorm(c.width)
    decoderLayers = c.decoder.makeDecoder(c.width, c.activation, dropout: c.dropout)
    outputBias = Initializer.zeros([1, c.vocabularySize])
    dropout = Dropout(c.dropout)
  }

  public func embedSource(_ ids: IndexTensor) -> Tensor { embed(ids, encoderPositions, encoderEmbeddingNorm) }

  public func embedTarget(_ ids: IndexTensor, from start: Int) -> Tensor {
    embed(ids, decoderPositions, decoderEmbeddingNorm, from: start)
  }

  private func embed(
    _ ids: IndexTensor, _ positions: LearnedPositions, _ norm: LayerNorm, from start: Int = 0
  ) -> Tensor {
    dropout(norm(tokenVectors(ids) + positions(ids.shape[1], from: BART.positionOffset + start)))
  }
}

extension BART {
  /// Sizes.
  public struct Configuration: Sendable, Equatable, Codable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// The longest source and the longest target.
    public var contextLength: Int
    /// Features of a token.
    public var width: Int
    /// The encoder's layers.
    public var encoder: StackConfiguration
    /// The decoder's layers.
    public var decoder: StackConfiguration
    /// Of the feed-forward networks.
    public var activation: Activation
    /// Whether the tokens' vectors are multiplied by √width.
    public var scalesEmbeddings: Bool
    /// In training, the probability of dropping an element of embeddings and of each part's result.
    public var dropout: Float
    /// Stands where a sequence of a batch has no token.
    public var paddingToken: Int32
    /// Stands before the first token that is written.
    public var startToken: Int32

    public init(
      vocabularySize: Int, contextLength: Int = 1_024, width: Int, encoder: StackConfiguration,
      decoder: StackConfiguration, activation: Activation = .gelu, scalesEmbeddings: Bool = false, dropout: Float = 0,
      paddingToken: Int32 = 1, startToken: Int32 = 2
    ) {
      (self.vocabularySize, self.contextLength, self.width) = (vocabularySize, contextLength, width)
      (self.encoder, self.decoder, self.activation) = (encoder, decoder, activation)
      (self.scalesEmbeddings, self.dropout) = (scalesEmbeddings, dropout)
      (self.paddingToken, self.startToken) = (paddingToken, startToken)
    }

    /// BART base: 139,420,416 parameters.
    public static let base = Configuration(
      vocabularySize: 50_265, width: 768, encoder: .init(layers: 6, heads: 12, hidden: 3_072),
      decoder: .init(layers: 6, heads: 12, hidden: 3_072))

    /// What is impossible about these sizes, one sentence each.
    public var problems: [String] {
      sizeProblems(
        sizes: [("vocabularySize", vocabularySize), ("contextLength", contextLength), ("width", width)],
        stacks: [("encoder", encoder), ("decoder", decoder)], width: width, vocabularySize: vocabularySize,
        tokens: [("paddingToken", paddingToken), ("startToken", startToken)], dropout: dropout)
    }
  }
}
