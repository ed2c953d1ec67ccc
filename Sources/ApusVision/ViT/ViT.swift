// The Transformer for pictures. Read first: ApusNN/Layers/PatchEmbedding.swift, ApusNN/Layers/EncoderBlock.swift.
// Read next: ViT+Checkpoint.swift, ViT+OtherCheckpoints.swift, ../CLIP/CLIP.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// The Vision Transformer: a picture is a sequence of patches, and an encoder reads it like a text (Dosovitskiy et al.,
/// arXiv:2010.11929).
///
/// ```
///   pixels [B, C, S, S] ─ patches ─ projection ─┐
///                                               ├─ [B, 1 + N, W] ─(+)─ dropout ─ EncoderBlock × layers ─ finalNorm
///   classToken [W] ─────────────────────────────┘                  │                                       │
///   positions [1 + N, W] ──────────────────────────────────────────┘          first token ─ classifier ─ logits [B, K]
/// ```
///
/// N = (S / P)² patches of P × P pixels. The first token stands for no patch: it is where the blocks gather what the
/// classifier reads.
public final class ViT: Module {
  /// Sizes, and where published models differ.
  public struct Configuration: Sendable, Equatable {
    /// Pixels of a picture's edge; a multiple of `patchSize`.
    public var imageSize: Int
    /// Pixels of a patch's edge.
    public var patchSize: Int
    /// Numbers of a pixel.
    public var channels: Int
    /// What is told apart; nil: no classifier, only vectors.
    public var classes: Int?
    /// Blocks.
    public var layers: Int
    /// Heads of each attention.
    public var heads: Int
    /// Features of a patch; a multiple of `heads`.
    public var width: Int
    /// Features between the two layers of a feed-forward network.
    public var hidden: Int
    /// Of the feed-forward networks.
    public var activation: Activation
    /// In training, the probability of dropping an element of embeddings and of each part's result.
    public var dropout: Float
    /// Added to variances in the normalizations.
    public var epsilon: Float
    /// Whether queries, keys and values have a bias.
    public var hasAttentionBias = true
    /// Of attention scores; nil: 1/√(width / heads).
    public var attentionScale: Float?
    /// Whether blocks normalize before each part; else after it.
    public var normalizesFirst = true
    /// Whether the last block's result is normalized.
    public var hasFinalNorm = true
    /// Features of a layer with the same activation in front of the classifier; nil: there is none.
    public var classifierWidth: Int?
    /// Whether the first token's vector goes through another layer and a tanh, for use without a classifier.
    public var hasPooler = false

    public init(
      imageSize: Int = 224, patchSize: Int = 16, channels: Int = 3, classes: Int? = 1_000, layers: Int = 12,
      heads: Int = 12, width: Int = 768, hidden: Int = 3_072, activation: Activation = .gelu, dropout: Float = 0,
      epsilon: Float = 1e-12
    ) {
      (self.imageSize, self.patchSize, self.channels, self.classes) = (imageSize, patchSize, channels, classes)
      (self.layers, self.heads, self.width, self.hidden) = (layers, heads, width, hidden)
      (self.activation, self.dropout, self.epsilon) = (activation, dropout, epsilon)
    }

    /// ViT-B/16: 86,567,656 parameters.
    public static let base16 = Configuration()
    /// ViT-L/16: 304,326,632 parameters.
    public static let large16 = Configuration(layers: 24, heads: 16, width: 1_024, hidden: 4_096)

    /// Tokens of a picture: its patches, and one before them.
    public var length: Int { 1 + (imageSize / patchSize) * (imageSize / patchSize) }
  }

  /// Sizes.
  public let configuration: Configuration
  /// From pixels to vectors.
  public let patches: PatchEmbedding
  /// The first token's vector, [width].
  @Parameter public var classToken: Tensor
  /// Vectors of positions, [1 + patches, width].
  public let positions: LearnedPositions
  /// Of the embeddings' sum.
  public let dropout: Dropout
  /// One after the other.
  public let blocks: [EncoderBlock]
  /// Of the last block's result.
  public let finalNorm: LayerNorm?
  /// Of the first token, with a tanh.
  public let pooler: Linear?
  /// Between the first token and the classifier.
  public let classifierHidden: Linear?
  /// A score for every class.
  public let classifier: Linear?

  /// - Precondition: the sizes are possible.
  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.patchSize > 0 && c.imageSize % c.patchSize == 0 && c.heads > 0 && c.width % c.heads == 0,
      "ViT: pictures of \(c.imageSize) in patches of \(c.patchSize), width \(c.width) in \(c.heads) heads")
    self.configuration = c
    let small = Initializer.truncatedNormal(standardDeviation: 0.02)
    patches = PatchEmbedding(size: c.patchSize, channels: c.channels, width: c.width)
    classToken = small([c.width])
    positions = LearnedPositions(c.length, c.width, initializer: small)
    dropout = Dropout(c.dropout)
    blocks = (0..<c.layers).map { _ in
      EncoderBlock(
        width: c.width, heads: c.heads, hidden: c.hidden, activation: c.activation,
        attentionBias: c.hasAttentionBias, attentionScale: c.attentionScale, epsilon: c.epsilon, dropout: c.dropout,
        normalizesFirst: c.normalizesFirst)
    }
    finalNorm = c.hasFinalNorm ? LayerNorm(c.width, epsilon: c.epsilon) : nil
    pooler = c.hasPooler ? Linear(c.width, c.width, activation: .tanh) : nil
    classifierHidden =
      c.classes == nil ? nil : c.classifierWidth.map { Linear(c.width, $0, activation: c.activation) }
    classifier = c.classes.map { Linear(c.classifierWidth ?? c.width, $0) }
  }

  /// The hidden vectors of every depth: the embeddings, then each block's result (before the last normalization).
  ///
  /// - Parameter pixels: [batch, channels, size, size]
  /// - Returns: layers + 1 tensors, [batch, 1 + patches, width].
  public func allHiddenStates(_ pixels: Tensor) -> [Tensor] {
    var states = [embedded(pixels)]
    for block in blocks { states.append(block(states[states.count - 1])) }
    return states
  }

  /// [batch, channels, size, size] → [batch, 1 + patches, width]
  private func embedded(_ pixels: Tensor) -> Tensor {
    let patches = patches(pixels)
    let (batch, width) = (patches.shape[0], patches.shape[2])
    let first = classToken.reshaped(to: [1, 1, width]).broadcast(to: [batch, 1, width])
    return dropout(concatenated([first, patches], along: 1) + positions(patches.shape[1] + 1))
  }

  /// The scores of the classes from the last block's result at the first token, [batch, width] → [batch, classes].
  func scores(_ first: Tensor) -> Tensor {
    guard let classifier else { requirementFailure("ViT: scores of a model without a classifier") }
    let normalized = finalNorm.map { $0(first) } ?? first
    return classifier(classifierHidden.map { $0(normalized) } ?? normalized)
  }

  /// The scores of the classes.
  ///
  /// - Parameter pixels: [batch, channels, size, size], prepared as by `ImageProcessor`.
  /// - Returns: [batch, classes]
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · width for attention.
  public func callAsFunction(_ pixels: Tensor) -> Tensor {
    let state = blocks.dropLast().reduce(embedded(pixels)) { state, block in block(state) }
    return scores(blocks.last.map { $0.firstToken(of: state) } ?? state.firstTokens)
  }
}
