// CLIP: images and texts in one embedding space. Read first: ApusVision/ViT/ViT.swift. Read next: CLIPTowers.swift, CLIP+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// Contrastive Language–Image Pre-training: two encoders whose embeddings are close if a text describes an image (Radford et
/// al., arXiv:2103.00020).
///
/// ```
///   pixels [B, C, S, S] ─ vision ─ [B, Wv] ─ visionProjection ─ / length ─ images [B, P] ─────────┐
///                                                                                                (·)─ × exp(logitScale)
///   ids [N, T] ────────── text ─── [N, Wt] ─ textProjection ─── / length ─ texts  [N, P] ─────────┘     │
///                                                                            similarities [B, N], [N, B]
/// ```
///
/// In training, image i belongs to text i of the batch and to no other, so the loss is a cross-entropy over each row and each
/// column of the similarities. Afterwards, any texts can serve as classes ("a photo of a cat"), without further training.
public final class CLIP: Module {
  /// The sizes of a CLIP.
  public struct Configuration: Sendable, Equatable {
    /// The sizes of the text encoder.
    public var text: CLIPText.Configuration
    /// The sizes of the image encoder.
    public var vision: CLIPVision.Configuration
    /// The dimension of the common embedding space.
    public var projection: Int

    public init(
      text: CLIPText.Configuration = .init(), vision: CLIPVision.Configuration = .init(), projection: Int = 512
    ) {
      (self.text, self.vision, self.projection) = (text, vision, projection)
    }

    /// CLIP ViT-B/32: 151,277,313 parameters.
    public static let base32 = Configuration()
    /// CLIP ViT-L/14: 427,616,513 parameters.
    public static let large14 = Configuration(
      text: .init(heads: 12, width: 768, intermediateSize: 3_072),
      vision: .init(patchSize: 14, layers: 24, heads: 16, width: 1_024, intermediateSize: 4_096), projection: 768)
  }

  /// The sizes.
  public let configuration: Configuration
  /// The text encoder.
  public let text: CLIPText
  /// The image encoder.
  public let vision: CLIPVision
  /// The projection of texts into the common space, [projection, text width].
  public let textProjection: Linear
  /// The projection of images into the common space, [projection, vision width].
  public let visionProjection: Linear
  /// The logarithm of the factor of the similarities; initially log(1/0.07).
  @Parameter public var logitScale: Tensor

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    text = CLIPText(configuration.text)
    vision = CLIPVision(configuration.vision)
    func projection(_ width: Int) -> Linear {
      let deviation = 1 / Float(width).squareRoot()
      return Linear(
        width, configuration.projection, bias: false, initializer: .normal(standardDeviation: deviation))
    }
    textProjection = projection(configuration.text.width)
    visionProjection = projection(configuration.vision.width)
    logitScale = Tensor(2.6592)
  }

  /// The embeddings of texts in the common space, normalized to length 1.
  ///
  /// - Parameters:
  ///   - ids: [texts, length], each with an end token.
  ///   - tokens: [texts, length], 0 at padding; nil: there is none. (Tokens after the end token have no effect.)
  /// - Returns: [texts, projection]
  public func embedding(ofTexts ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    textProjection(text(ids, tokens: tokens)).normalizedToUnitLength()
  }

  /// The embeddings of images in the common space, normalized to length 1.
  ///
  /// - Parameter pixels: [images, channels, size, size], prepared as by `ImageProcessor`.
  /// - Returns: [images, projection]
  public func embedding(ofImages pixels: Tensor) -> Tensor { visionProjection(vision(pixels)).normalizedToUnitLength() }

  /// The scaled cosine similarity of each image and each text; a softmax over the texts gives probabilities.
  ///
  /// - Parameters:
  ///   - images: [images, projection], normalized.
  ///   - texts: [texts, projection], normalized.
  /// - Returns: [images, texts]
  public func similarities(images: Tensor, texts: Tensor) -> Tensor {
    images.matmul(texts, transposing: .second) * logitScale.exp()
  }

  /// The contrastive loss: the mean of the cross-entropies over rows and over columns, whose targets are on the diagonal.
  ///
  /// - Parameter similarities: [n, n], of images and the texts that describe them, in the same order.
  public static func loss(_ similarities: Tensor) -> Tensor {
    let count = similarities.shape[0]
    require(similarities.shape == [count, count], "CLIP.loss: similarities \(similarities.shape) (expected a square)")
    let right = IndexTensor.range(0..<count)
    return (crossEntropy(similarities, right) + crossEntropy(similarities.transposed(), right)) * 0.5
  }
}
