// The skeleton of image encoders (ViT, CLIP's): patches as tokens, a class token before them, blocks.
// Read first: PatchEmbedding.swift, TransformerStack.swift. Read next: ApusVision/ViT/ViT.swift.

public import ApusTensor

/// A Transformer that reads an image as a sequence of patches.
///
/// ```
///   pixels [B, C, S, S] ─ patches ─┐
///                                  ├─(+ positions)─ embed ─ TransformerBlock × layers ─ hidden states [B, 1 + N, W]
///   classToken [W] ────────────────┘
/// ```
///
/// A family defines what happens to the embeddings before the first block. The forward pass is written here.
public protocol ImageEncoder: Module {
  /// The patch embedding.
  var patches: PatchEmbedding { get }
  /// The embedding of the class token, [width].
  var classToken: Tensor { get }
  /// The position embedding, [1 + patches, width].
  var positions: LearnedPositions { get }
  /// The blocks, from first to last.
  var blocks: [TransformerBlock] { get }

  /// The embeddings, which the first block reads, [batch, channels, size, size] → [batch, 1 + patches, width].
  func embed(_ pixels: Tensor) -> Tensor
}

extension ImageEncoder {
  /// The class token and the patches, with their positions added.
  package func patchTokens(_ pixels: Tensor) -> Tensor {
    let patches = patches(pixels)
    let (batch, width) = (patches.shape[0], patches.shape[2])
    let first = classToken.reshaped(to: [1, 1, width]).broadcast(to: [batch, 1, width])
    return concatenated([first, patches], along: 1) + positions(patches.shape[1] + 1)
  }

  /// The forward pass.
  ///
  /// - Parameters:
  ///   - pixels: [batch, channels, size, size], prepared as by `ImageProcessor`.
  ///   - observer: receives the embeddings, each block's result, and attention weights.
  /// - Returns: the last block's result, [batch, 1 + patches, width].
  public func hiddenStates(_ pixels: Tensor, observer: ForwardObserver? = nil) -> Tensor {
    blocks(embed(pixels), observer: observer)
  }

  /// The forward pass at the class token, [batch, channels, size, size] → [batch, width].
  ///
  /// Unless somebody observes, the last block computes nothing else.
  package func firstToken(of pixels: Tensor, observer: ForwardObserver? = nil) -> Tensor {
    blocks.firstToken(of: embed(pixels), observer: observer)
  }
}
