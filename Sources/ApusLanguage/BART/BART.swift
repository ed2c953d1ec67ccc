// BART: the encoder reads corrupted text, the decoder reconstructs it.
// Read first: ../EncoderDecoder/TiedEncoderDecoder.swift. Read next: BART+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// A denoising sequence-to-sequence model (Lewis et al., arXiv:1910.13461).
///
/// ```
///   source [B, S] ─ embedding ─(+)─ encoderEmbeddingNorm ─ TransformerBlock × layers ─ memory [B, S, C]
///   0 … S−1 ─ encoderPositions ┘                                                        │
///   target [B, T] ─ embedding ─(+)─ decoderEmbeddingNorm ─ TransformerBlock × layers ───┴─ hidden states [B, T, C]
///   0 … T−1 ─ decoderPositions ┘                       hidden states ─ embeddingᵀ + outputBias ─ logits [B, T, V]
/// ```
///
/// The blocks are post-norm, as in the original Transformer, with gelu; one token embedding serves the encoder, the decoder and
/// the output layer. Pre-training corrupts the source (it masks spans and shuffles sentences) and asks for the original.
public final class BART: TiedEncoderDecoder {
  /// Position p reads row p + 2 of the position embeddings; the first rows were once reserved for special tokens.
  static let positionOffset = 2

  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width]; also the output layer.
  public let embedding: Embedding
  /// The position embedding of the source.
  public let encoderPositions: LearnedPositions
  /// The norm of the encoder's embeddings.
  public let encoderEmbeddingNorm: LayerNorm
  /// The blocks of the encoder, from first to last.
  public let encoderLayers: [TransformerBlock]
  /// The position embedding of the target.
  public let decoderPositions: LearnedPositions
  /// The norm of the decoder's embeddings.
  public let decoderEmbeddingNorm: LayerNorm
  /// The blocks of the decoder, from first to last.
  public let decoderLayers: [TransformerBlock]
  /// Added to the logits, [1, vocabulary]; not trained.
  @Buffer public var outputBias: Tensor
  /// Dropout applied to the sums of the embeddings.
  public let dropout: Dropout

  /// Creates a model with random weights.
  ///
  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "BART: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    embedding = Embedding(
      c.vocabularySize, c.width, padding: Int(c.paddingToken), initializer: .normal(standardDeviation: 0.02))
    encoderPositions = LearnedPositions(c.contextLength + BART.positionOffset, c.width)
    encoderEmbeddingNorm = LayerNorm(c.width)
    encoderLayers = c.encoder.makeBlocks(c.width, c.activation, dropout: c.dropout)
    decoderPositions = LearnedPositions(c.contextLength + BART.positionOffset, c.width)
    decoderEmbeddingNorm = LayerNorm(c.width)
    decoderLayers = c.decoder.makeBlocks(c.width, c.activation, dropout: c.dropout, hasCrossAttention: true)
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
    dropout(norm(embedTokens(ids) + positions(ids.shape[1], from: BART.positionOffset + start)))
  }
}

extension BART {
  /// The sizes of a BART or Marian.
  public struct Configuration: Sendable, Equatable, Codable {
    /// The vocabulary size.
    public var vocabularySize: Int
    /// The maximum length of the source, and of the target.
    public var contextLength: Int
    /// The embedding dimension (hidden size).
    public var width: Int
    /// The sizes of the encoder.
    public var encoder: StackConfiguration
    /// The sizes of the decoder.
    public var decoder: StackConfiguration
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// Whether the token embeddings are multiplied by √width.
    public var scalesEmbeddings: Bool
    /// The probability of dropping an element of the embeddings and of each part's result in training.
    public var dropout: Float
    /// The padding token.
    public var paddingToken: Int32
    /// The token that the target begins with.
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
      vocabularySize: 50_265, width: 768, encoder: .init(layers: 6, heads: 12, intermediateSize: 3_072),
      decoder: .init(layers: 6, heads: 12, intermediateSize: 3_072))

    /// Everything that is invalid about these sizes, one sentence each.
    public var problems: [String] {
      sizeProblems(
        sizes: [("vocabularySize", vocabularySize), ("contextLength", contextLength), ("width", width)],
        stacks: [("encoder", encoder), ("decoder", decoder)], width: width, vocabularySize: vocabularySize,
        tokens: [("paddingToken", paddingToken), ("startToken", startToken)], dropout: dropout)
    }
  }
}
