// T5, which treats every task as text to text. Read first: ../EncoderDecoder/EncoderDecoder.swift, T5Stack.swift.
// Read next: T5+Checkpoint.swift.

import ApusBase
import ApusGeneration
public import ApusNN
public import ApusTensor

/// The text-to-text transfer Transformer (Raffel et al., arXiv:1910.10683), in version 1.0 and 1.1.
///
/// ```
///   source [B, S] ─ embedding ─ TransformerBlock × layers ─ RMSNorm ─ memory [B, S, C]
///                                 └ scores + positionBias               │
///   target [B, T] ─ embedding ─ TransformerBlock × layers ──────────────┴─ RMSNorm ─ hidden states [B, T, C]
///                                 └ scores + positionBias
///   version 1.0:  hidden states / √C ─ embeddingᵀ ─ logits [B, T, V]        feed-forward: W₂·relu(W₁·x)
///   version 1.1:  hidden states ─ output ─ logits [B, T, V]                 feed-forward: W₂·(gelu(G·x) ⊙ W₁·x)
/// ```
///
/// Positions enter as distances: a learned bias for each head and each bucket of distances is added to the attention scores,
/// the same in all blocks of a stack. Norms are RMSNorm, linear layers have no biases, and attention scores are not scaled by
/// 1/√(head size), for which the initial weights compensate.
public final class T5: EncoderDecoder {
  /// The sizes.
  public let configuration: Configuration
  /// The token embedding, [vocabulary, width].
  public let embedding: Embedding
  /// The encoder, which reads the source.
  public let encoder: T5Stack
  /// The decoder, which writes the target.
  public let decoder: T5Stack
  /// The output layer, [vocabulary, width]; absent if it is tied to the embedding.
  public let output: Linear?

  /// Creates a model with random weights.
  ///
  /// - Precondition: the configuration has no problems.
  public init(_ configuration: Configuration) {
    require(configuration.problems.isEmpty, "T5: " + configuration.problems.joined(separator: "; "))
    self.configuration = configuration
    let c = configuration
    embedding = Embedding(c.vocabularySize, c.width)
    encoder = T5Stack(c, layers: c.layers, isDecoder: false)
    decoder = T5Stack(c, layers: c.decoderLayers, isDecoder: true)
    output = c.tiesEmbeddings ? nil : Linear(c.width, c.vocabularySize, bias: false)
  }

  public var vocabularySize: Int { configuration.vocabularySize }
  /// Any number: positions enter as distances.
  public var positionLimit: Int? { nil }
  public var startToken: Int32? { configuration.startToken }
  public var paddingToken: Int32 { configuration.paddingToken }

  public var decoderBlocks: [TransformerBlock] { decoder.blocks }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?, observer: ForwardObserver?) -> Tensor {
    encoder(embedding(ids), mask: .padding(tokens), observer: observer)
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: EncoderMemory, caches: [KeyValueCache]?,
    observer: ForwardObserver?
  ) -> Tensor {
    decoder(
      embedding(ids), mask: .padding(tokens, causal: true), caches: caches, memory: memory, observer: observer)
  }

  public func logits(_ hiddenStates: Tensor) -> Tensor {
    let scaled =
      configuration.scalesOutput ? hiddenStates * (1 / Float(configuration.width).squareRoot()) : hiddenStates
    return output.map { $0(scaled) } ?? embedding.logits(scaled)
  }
}

extension T5 {
  /// The sizes and options of a T5.
  public struct Configuration: Sendable, Equatable, Codable {
    /// The vocabulary size.
    public var vocabularySize: Int
    /// The embedding dimension (hidden size).
    public var width: Int
    /// The size of a head; heads · headSize need not equal the width.
    public var headSize: Int
    /// The size inside the feed-forward networks.
    public var intermediateSize: Int
    /// The number of blocks of the encoder.
    public var layers: Int
    /// The number of blocks of the decoder.
    public var decoderLayers: Int
    /// The number of attention heads.
    public var heads: Int
    /// The number of buckets of distances.
    public var buckets: Int
    /// Distances from here on share a bucket.
    public var maximumDistance: Int
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// Whether the feed-forward networks are gated (version 1.1).
    public var isGated: Bool
    /// Whether the output layer is tied to the embedding (version 1.0).
    public var tiesEmbeddings: Bool
    /// Whether the last hidden states are divided by √width (version 1.0).
    public var scalesOutput: Bool
    /// The probability of dropping an element of the embeddings and of each part's result in training.
    public var dropout: Float
    /// Added to the mean squares in the norms.
    public var epsilon: Float
    /// The padding token.
    public var paddingToken: Int32
    /// The token that the target begins with.
    public var startToken: Int32

    public init(
      vocabularySize: Int = 32_128, width: Int, headSize: Int = 64, intermediateSize: Int, layers: Int,
      decoderLayers: Int? = nil, heads: Int, buckets: Int = 32, maximumDistance: Int = 128,
      activation: Activation = .relu, isGated: Bool = false, tiesEmbeddings: Bool = true, scalesOutput: Bool? = nil,
      dropout: Float = 0, epsilon: Float = 1e-6, paddingToken: Int32 = 0, startToken: Int32 = 0
    ) {
      (self.vocabularySize, self.width, self.headSize, self.intermediateSize) = (
        vocabularySize, width, headSize, intermediateSize
      )
      (self.layers, self.decoderLayers, self.heads) = (layers, decoderLayers ?? layers, heads)
      (self.buckets, self.maximumDistance) = (buckets, maximumDistance)
      (self.activation, self.isGated) = (activation, isGated)
      (self.tiesEmbeddings, self.scalesOutput) = (tiesEmbeddings, scalesOutput ?? tiesEmbeddings)
      (self.dropout, self.epsilon) = (dropout, epsilon)
      (self.paddingToken, self.startToken) = (paddingToken, startToken)
    }

    /// T5 small: 60,506,624 parameters.
    public static let small = Configuration(width: 512, intermediateSize: 2_048, layers: 6, heads: 8)
    /// T5 base: 222,903,552 parameters.
    public static let base = Configuration(width: 768, intermediateSize: 3_072, layers: 12, heads: 12)
    /// T5 1.1 small: 76,961,152 parameters.
    public static let gatedSmall = Configuration(
      width: 512, intermediateSize: 1_024, layers: 8, heads: 6, activation: .geluTanh, isGated: true,
      tiesEmbeddings: false)

    /// Everything that is invalid about these sizes, one sentence each.
    public var problems: [String] {
      var problems = sizeProblems(
        sizes: [
          ("vocabularySize", vocabularySize), ("width", width), ("headSize", headSize),
          ("intermediateSize", intermediateSize),
          ("layers", layers), ("decoderLayers", decoderLayers), ("heads", heads),
        ], stacks: [], width: width, vocabularySize: vocabularySize,
        tokens: [("paddingToken", paddingToken), ("startToken", startToken)], dropout: dropout)
      if buckets < 4 || buckets % 2 != 0 {
        problems.append("buckets: expected an even number of at least 4, found \(buckets)")
      }
      if maximumDistance <= buckets / 2 {
        problems.append("maximumDistance: expected more than half of the \(buckets) buckets, found \(maximumDistance)")
      }
      return problems
    }
  }
}
