// Pictures and texts in one space of vectors. Read first: ../ViT/ViT.swift. Read next: CLIPTowers.swift, CLIP+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor

/// Contrastive Language–Image Pre-training: two encoders whose vectors are close where a text describes a picture (Radford et
/// al., arXiv:2103.00020).
///
/// ```
///   pixels [B, C, S, S] ─ vision ─ [B, Wv] ─ visionProjection ─ / length ─ image vectors [B, P] ──┐
///                                                                                                (·)─ × exp(logitScale)
///   ids [N, T] ────────── text ─── [N, Wt] ─ textProjection ─── / length ─ text vectors  [N, P] ──┘     │
///                                                                            similarities [B, N], [N, B]
/// ```
///
/// In training, picture i belongs to text i of the batch and to no other: a cross-entropy over each row and each column of
/// the similarities. Later any texts can serve as classes ("a photo of a cat"), without training.
public final class CLIP: Module {
  /// Sizes.
  public struct Configuration: Sendable, Equatable {
    /// Of the encoder of texts.
    public var text: CLIPText.Configuration
    /// Of the encoder of pictures.
    public var vision: CLIPVision.Configuration
    /// Features of the common space.
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
      text: .init(heads: 12, width: 768, hidden: 3_072),
      vision: .init(patchSize: 14, layers: 24, heads: 16, width: 1_024, hidden: 4_096), projection: 768)
  }

  /// Sizes.
  public let configuration: Configuration
  /// From tokens to vectors.
  public let text: CLIPText
  /// From pixels to vectors.
  public let vision: CLIPVision
  /// Into the common space, [projection, text width].
  public let textProjection: Linear
  /// Into the common space, [projection, vision width].
  public let visionProjection: Linear
  /// The logarithm of what similarities are multiplied by; begins as log(1/0.07).
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

  /// Texts in the common space, of length 1.
  ///
  /// - Parameters:
  ///   - ids: [texts, length], each with an end token.
  ///   - tokens: [texts, length], 0 at padding; nil: there is none. (What stands behind the end token is never seen.)
  /// - Returns: [texts, projection]
  public func embedding(ofTexts ids: IndexTensor, tokens: IndexTensor? = nil) -> Tensor {
    textProjection(text(ids, tokens: tokens)).normalizedToUnitLength()
  }

  /// Pictures in the common space, of length 1.
  ///
  /// - Parameter pixels: [pictures, channels, size, size], prepared as by `ImageProcessor`.
  /// - Returns: [pictures, projection]
  public func embedding(ofImages pixels: Tensor) -> Tensor { visionProjection(vision(pixels)).normalizedToUnitLength() }

  /// How well each picture fits each text: cosines, scaled. A softmax over the texts gives probabilities.
  ///
  /// - Parameters:
  ///   - images: [pictures, projection], of length 1.
  ///   - texts: [texts, projection], of length 1.
  /// - Returns: [pictures, texts]
  public func similarities(images: Tensor, texts: Tensor) -> Tensor {
    images.matmul(texts, transposing: .second) * logitScale.exp()
  }

  /// The contrastive loss: the mean of the cross-entropies over rows and over columns, where the diagonal is right.
  ///
  /// - Parameter similarities: [n, n]: pictures and the texts that describe them, in the same order.
  public static func loss(_ similarities: Tensor) -> Tensor {
    let count = similarities.shape[0]
    require(similarities.shape == [count, count], "CLIP.loss: similarities \(similarities.shape) (expected a square)")
    let right = IndexTensor.range(0..<count)
    return (crossEntropy(similarities, right) + crossEntropy(similarities.transposed(), right)) * 0.5
  }
}
