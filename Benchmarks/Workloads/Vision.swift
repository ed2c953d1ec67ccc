// Workloads: image classification.
// Read next: ApusVision/ViT/ViT.swift.

import ApusTensor
import ApusVision

let visionWorkloads: [Workload] = [classifyPicture()]

/// Classifies one image of 224 × 224 with ViT-B/16 and random weights.
private func classifyPicture() -> Workload {
  let c = ViT.Configuration.base16
  let (tokens, width, layers) = (Double(c.length), Double(c.width), Double(c.layers))
  let patches = 2 * (tokens - 1) * width * Double(c.channels * c.patchSize * c.patchSize)
  // Four products of width², two of width · hidden; attention: two products of tokens².
  let weights = 4 * width * width + 2 * width * Double(c.intermediateSize)
  let block = 2 * tokens * weights + 4 * tokens * tokens * width
  return Workload(
    name: "infer_vit_base_16_224_b1", limit: .multiplyAdds, operations: patches + layers * block,
    items: ("images/s", 1),
    prepare: { _ in
      let (model, pixels) = withSeed(1) { (ViT(c), Tensor.randomNormal([1, c.channels, c.imageSize, c.imageSize])) }
      return { _ = model(pixels) }
    })
}
