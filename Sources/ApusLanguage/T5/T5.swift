// T5: every task as text to text. Read first: ../EncoderDecoder/EncoderDecoder.swift, T5Block.swift.
// Read next: T5+Checkpoint.swift.

import ApusBase
import ApusGeneration
public import ApusNN
public import ApusTensor

/// The text-to-text transfer Transformer (Raffel et al., arXiv:1910.10683), in its first version and in 1.1.
///
/// ```
///   source [B, S] ─ embedding ─ T5Block × layers ─ RMSNorm ─ memory [B, S, C]
///                                 └ scores + positionBias      │
///   target [B, T] ─ embedding ─ T5Block × layers ──────────────┴─ RMSNorm ─ hidden [B, T, C]
///                                 └ scores + positionBias
///   version 1.0:  hidden / √C ─ embeddingᵀ ─ logits [B, T, V]        feed-forward: W₂·relu(W₁·x)
///   version 1.1:  hidden ─ output ─ logits [B, T, V]                 feed-forward: W₂·(gelu(G·x) ⊙ V·x)
/// ```
///
/// Positions are seen as distances: a learned number for each head and bucket of distances is added to the scores, the same in
/// all blocks of a stack. Norms have no mean and no bias, linear maps no bias, scores no 1/√size: the initial weights make
/// up for it.
public final class T5: EncoderDecoder {
  /// Sizes.
  public let configuration: Configuration
  /// Vectors of tokens, [vocabulary, width].
  public let embedding: Embedding
  /// Reads the source.
  public let encoder: T5Stack
  /// Writes the target.
  public let decoder: T5Stack
  /// Scores of tokens, [vocabulary, width]; absent if they are the embedding table.
  public let output: Linear?

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
  /// Distances have no end.
  public var positionLimit: Int? { nil }
  public var startToken: Int32? { configuration.startToken }
  public var paddingToken: Int32 { configuration.paddingToken }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?) -> [Tensor] {
    encoder(embedding(ids), mask: .padding(tokens), memory: nil, memoryMask: .none)
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: Tensor, memoryTokens: IndexTensor?
  ) -> [Tensor] {
    decoder(embedding(ids), mask: .padding(tokens, causal: true), memory: memory, memoryMask: .padding(memoryTokens))
  }

  public func logits(_ hidden: Tensor) -> Tensor {
    let scaled = configuration.scalesOutput ? hidden * (1 / Float(configuration.width).squareRoot()) : hidden
    return output.map { $0(scaled) } ?? embedding.scores(scaled)
  }

  public func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    let mask = AttentionMask.padding(tokens)
    return DecoderState(
      rows: memory.shape[0], capacity: capacity, layers: decoder.blocks.count,
      width: configuration.heads * configuration.headSize,
      memories: decoder.blocks.compactMap { $0.crossAttention?.memory(of: memory, mask: mask) })
  }

  public func decode(_ ids: IndexTensor, state: DecoderState) -> Tensor { decoder(embedding(ids), state: state) }
}

extension T5 {
  /// Sizes.
  public struct Configuration: Sendable, Equatable, Codable {
    /// Distinct tokens.
    public var vocabularySize: Int
    /// Features of a token.
    public var width: Int
    /// Features of a head; heads · headSize need not be the width.
    public var headSize: Int
    /// Features inside a feed-forward network.
    public var hidden: Int
    /// Blocks of the encoder.
    public var layers: Int
    /// Blocks of the decoder.
    public var decoderLayers: Int
    /// Heads of each attention.
    public var heads: Int
    /// Numbers a head learns for distances.
    public var buckets: Int
    /// Distances from here on are one.
    public var maximumDistance: Int
    /// Of the feed-forward networks.
    public var activation: Activation
    /// Whether their hidden features are gated (version 1.1).
    public var isGated: Bool
    /// Whether the output layer is the embedding table (version 1.0).
    public var tiesEmbeddings: Bool
    /// Whether the last hidden vectors are divided by √width (version 1.0).
    public var scalesOutput: Bool
    /// In training, the probability of dropping an element of embeddings and of each part's result.
    public var dropout: Float
    /// Added to the mean square in the norms.
    public var epsilon: Float
    /// Stands where a sequence of a batch has no token.
    public var paddingToken: Int32
    /// Stands before the first token that is written.
    public var startToken: Int32

    public init(
      vocabularySize: Int = 32_128, width: Int, headSize: Int = 64, hidden: Int, layers: Int,
      decoderLayers: Int? = nil, heads: Int, buckets: Int = 32, maximumDistance: Int = 128,
      activation: Activation = .relu, isGated: Bool = false, tiesEmbeddings: Bool = true, scalesOutput: Bool? = nil,
      dropout: Float = 0, epsilon: Float = 1e-6, paddingToken: Int32 = 0, startToken: Int32 = 0
    ) {
      (self.vocabularySize, self.width, self.headSize, self.hidden) = (vocabularySize, width, headSize, hidden)
      (self.layers, self.decoderLayers, self.heads) = (layers, decoderLayers ?? layers, heads)
      (self.buckets, self.maximumDistance) = (buckets, maximumDistance)
      (self.activation, self.isGated) = (activation, isGated)
      (self.tiesEmbeddings, self.scalesOutput) = (tiesEmbeddings, scalesOutput ?? tiesEmbeddings)
      (self.dropout, self.epsilon) = (dropout, epsilon)
      (self.paddingToken, self.startToken) = (paddingToken, startToken)
    }

    /// T5 small: 60,506,624 parameters.
    public static let small = Configuration(width: 512, hidden: 2_048, layers: 6, heads: 8)
    /// T5 base: 222,903,552 parameters.
    public static let base = Configuration(width: 768, hidden: 3_072, layers: 12, heads: 12)
    /// T5 1.1 small: 76,961,152 parameters.
    public static let gatedSmall = Configuration(
      width: 512, hidden: 1_024, layers: 8, heads: 6, activation: .geluTanh, isGated: true, tiesEmbeddings: false)

    /// What is impossible about these sizes, one sentence each.
    public var problems: [String] {
      var problems = sizeProblems(
        sizes: [
          ("vocabularySize", vocabularySize), ("width", width), ("headSize", headSize), ("hidden", hidden),
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
