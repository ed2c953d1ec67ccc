// The Transformer for images. Read first: ImageEncoder.swift, ApusNN/Layers/PatchEmbedding.swift.
// Read next: ViT+Checkpoint.swift, ViT+OtherCheckpoints.swift, ApusMultimodal/CLIP/CLIP.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// The Vision Transformer, which reads an image as a sequence of patches (Dosovitskiy et al., arXiv:2010.11929).
///
/// ```
///   pixels [B, C, S, S] ─ patches ─ projection ─┐
///                                               ├─ [B, 1 + N, W] ─(+)─ dropout ─ TransformerBlock × layers ─ finalNorm
///   classToken [W] ─────────────────────────────┘                  │                                           │
///   positions [1 + N, W] ──────────────────────────────────────────┘              first token ─ classifier ─ logits [B, K]
/// ```
///
/// There are N = (S / P)² patches of P × P pixels. The first token, the class token, belongs to no patch: in it, the blocks
/// gather what the classifier reads.
public final class ViT: ImageEncoder {
  /// The sizes of a ViT, and the options in which published models differ.
  public struct Configuration: Sendable, Equatable {
    /// The edge length of an image in pixels; a multiple of `patchSize`.
    public var imageSize: Int
    /// The edge length of a patch in pixels.
    public var patchSize: Int
    /// The number of channels.
    public var channels: Int
    /// The number of classes; nil: no classifier, only hidden states.
    public var classes: Int?
    /// The number of blocks.
    public var layers: Int
    /// The number of attention heads.
    public var heads: Int
    /// The embedding dimension (hidden size); a multiple of `heads`.
    public var width: Int
    /// The size inside the feed-forward networks.
    public var intermediateSize: Int
    /// The activation of the feed-forward networks.
    public var activation: Activation
    /// The probability of dropping an element of the embeddings and of each part's result in training.
    public var dropout: Float
    /// Added to the variances in the norms.
    public var epsilon: Float
    /// Whether queries, keys and values have biases.
    public var hasAttentionBias = true
    /// The factor of the attention scores; nil: 1/√(width / heads).
    public var attentionScale: Float?
    /// Whether blocks are pre-norm; otherwise post-norm.
    public var isPreNorm = true
    /// Whether there is a norm after the last block.
    public var hasFinalNorm = true
    /// The size of a hidden layer, with the same activation, before the classifier; nil: there is none.
    public var classifierWidth: Int?
    /// Whether there is a pooler, for use without a classifier.
    public var hasPooler = false

    public init(
      imageSize: Int = 224, patchSize: Int = 16, channels: Int = 3, classes: Int? = 1_000, layers: Int = 12,
      heads: Int = 12, width: Int = 768, intermediateSize: Int = 3_072, activation: Activation = .gelu,
      dropout: Float = 0,
      epsilon: Float = 1e-12
    ) {
      (self.imageSize, self.patchSize, self.channels, self.classes) = (imageSize, patchSize, channels, classes)
      (self.layers, self.heads, self.width, self.intermediateSize) = (layers, heads, width, intermediateSize)
      (self.activation, self.dropout, self.epsilon) = (activation, dropout, epsilon)
    }

    /// ViT-B/16: 86,567,656 parameters.
    public static let base16 = Configuration()
    /// ViT-L/16: 304,326,632 parameters.
    public static let large16 = Configuration(layers: 24, heads: 16, width: 1_024, intermediateSize: 4_096)

    /// The number of tokens of an image: its patches, and the class token before them.
    public var length: Int { 1 + (imageSize / patchSize) * (imageSize / patchSize) }
  }

  /// The sizes and options.
  public let configuration: Configuration
  /// The patch embedding.
  public let patches: PatchEmbedding
  /// The embedding of the class token, [width].
  @Parameter public var classToken: Tensor
  /// The position embedding, [1 + patches, width].
  public let positions: LearnedPositions
  /// Dropout applied to the sum of the embeddings.
  public let dropout: Dropout
  /// The blocks, from first to last.
  public let blocks: [TransformerBlock]
  /// The norm after the last block.
  public let finalNorm: LayerNorm?
  /// A linear layer with tanh on the class token.
  public let pooler: Linear?
  /// The hidden layer between the class token and the classifier.
  public let classifierHidden: Linear?
  /// The output layer, with one logit for each class.
  public let classifier: Linear?

  /// Creates a model with random weights.
  ///
  /// - Precondition: the patch size divides the image size, and the number of heads divides the width.
  public init(_ configuration: Configuration) {
    let c = configuration
    require(
      c.patchSize > 0 && c.imageSize % c.patchSize == 0 && c.heads > 0 && c.width % c.heads == 0,
      "ViT: images of \(c.imageSize) in patches of \(c.patchSize), width \(c.width) in \(c.heads) heads")
    self.configuration = c
    let small = Initializer.truncatedNormal(standardDeviation: 0.02)
    patches = PatchEmbedding(size: c.patchSize, channels: c.channels, width: c.width)
    classToken = small([c.width])
    positions = LearnedPositions(c.length, c.width, initializer: small)
    dropout = Dropout(c.dropout)
    blocks = (0..<c.layers).map { _ in
      TransformerBlock(
        width: c.width, heads: c.heads, intermediateSize: c.intermediateSize, activation: c.activation,
        attentionBias: c.hasAttentionBias, attentionScale: c.attentionScale, epsilon: c.epsilon, dropout: c.dropout,
        isPreNorm: c.isPreNorm)
    }
    finalNorm = c.hasFinalNorm ? LayerNorm(c.width, epsilon: c.epsilon) : nil
    pooler = c.hasPooler ? Linear(c.width, c.width, activation: .tanh) : nil
    classifierHidden =
      c.classes == nil ? nil : c.classifierWidth.map { Linear(c.width, $0, activation: c.activation) }
    classifier = c.classes.map { Linear(c.classifierWidth ?? c.width, $0) }
  }

  /// The sum of patch and position embeddings, [batch, channels, size, size] → [batch, 1 + patches, width].
  public func embed(_ pixels: Tensor) -> Tensor { dropout(patchTokens(pixels)) }

  /// The logits of the classes from the last block's result at the class token, [batch, width] → [batch, classes].
  func logits(_ first: Tensor) -> Tensor {
    guard let classifier else { requirementFailure("ViT: logits of a model without a classifier") }
    let normalized = finalNorm.map { $0(first) } ?? first
    return classifier(classifierHidden.map { $0(normalized) } ?? normalized)
  }

  /// The logits of the classes.
  ///
  /// - Parameters:
  ///   - pixels: [batch, channels, size, size], prepared as by `ImageProcessor`.
  ///   - observer: receives the embeddings, each block's result, and attention weights.
  /// - Returns: [batch, classes]
  /// - Complexity: about 2 · parameters operations a token, and 4 · layers · length · width for attention.
  public func callAsFunction(_ pixels: Tensor, observer: ForwardObserver? = nil) -> Tensor {
    logits(firstToken(of: pixels, observer: observer))
  }
}
