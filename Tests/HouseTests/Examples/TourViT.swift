// The code of the tour's chapter on ViT and CLIP: Docs/Tour/10-vit-and-clip.md.

import Apus

/// - Returns: the number of 32 new images that a small trained model classifies correctly.
func viTExample() -> Int {
  // snippet: TourBars
  let generator = RandomGenerator(seed: 1)

  /// Noise with two bright rows (kind 0) or two bright columns (kind 1).
  func bar(_ kind: Int) -> Image {
    let place = generator.integer(below: 4)
    let samples = generator.integers(count: 64, below: 120).enumerated().map { pixel, noise in
      (kind == 0 ? pixel / 16 : pixel % 8 / 2) == place ? UInt8(255) : UInt8(noise)
    }
    return Image(width: 8, height: 8, channels: 1, samples: samples)
  }

  let processor = ImageProcessor(size: nil, mean: [0.5], standardDeviation: [0.5])
  func batch(_ count: Int) -> (pixels: Tensor, kinds: IndexTensor) {
    let kinds = generator.integers(count: count, below: 2)
    return (processor(kinds.map(bar)), IndexTensor(kinds))
  }
  // end snippet

  // snippet: TourViT
  let model = withSeed(2) {
    ViT(
      .init(imageSize: 8, patchSize: 4, channels: 1, classes: 2, layers: 2, heads: 2, width: 16, intermediateSize: 32))
  }
  let optimizer = AdamW(model.parameters, learningRate: 5e-3)
  for _ in 0..<120 {
    let (pixels, kinds) = batch(16)
    let (_, gradients) = valueAndGradients { crossEntropy(model(pixels), kinds) }
    optimizer.step(gradients.clipped(toNorm: 1))
  }
  let (pixels, kinds) = batch(32)
  let right = zip(model(pixels).argMax(along: -1).indices, kinds.indices).count { $0 == $1 }
  // end snippet
  return right
}

/// - Returns: the probabilities of three texts for one image.
func clipExample(_ model: CLIP, pixels: Tensor, texts: IndexTensor) -> Tensor {
  // snippet: TourCLIP
  let images = model.embedding(ofImages: pixels)
  let words = model.embedding(ofTexts: texts)
  let probabilities = model.similarities(images: images, texts: words).softmax()
  // end snippet
  return probabilities
}
