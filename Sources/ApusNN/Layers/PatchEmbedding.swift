// Images as sequences of patch embeddings. Read first: Linear.swift. Read next: ApusVision/ViT/ViT.swift.

import ApusBase
public import ApusTensor

/// Divides images into square patches and maps the pixels of each patch to an embedding (Dosovitskiy et al.,
/// arXiv:2010.11929, section 3.1).
///
/// This is a convolution whose stride equals its kernel size. No pixel belongs to two patches, so each patch is one row of a
/// matrix product; the weight is that of the convolution with its last three axes flattened.
public final class PatchEmbedding: Layer {
  /// The edge length of a patch in pixels.
  public let size: Int
  /// The number of channels.
  public let channels: Int
  /// [width, channels · size · size]
  public let projection: Linear

  /// - Parameters:
  ///   - size: the edge length of a patch in pixels.
  ///   - channels: the number of channels.
  ///   - width: the embedding dimension.
  ///   - bias: whether there is a bias.
  public init(size: Int, channels: Int, width: Int, bias: Bool = true) {
    (self.size, self.channels) = (size, channels)
    projection = Linear(channels * size * size, width, bias: bias)
  }

  /// The patch embeddings of images.
  ///
  /// - Parameter x: [batch, channels, image height, image width]
  /// - Returns: [batch, patches, width], the patches in row-major order.
  /// - Precondition: height and width of the images are multiples of the patch size.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shape = x.shape
    require(
      shape.rank == 4 && shape[1] == channels && shape[2] % size == 0 && shape[3] % size == 0,
      "PatchEmbedding: images \(shape) in patches of \(size) (expected [batch, \(channels), multiples of \(size)])")
    let (batch, rows, columns) = (shape[0], shape[2] / size, shape[3] / size)
    let patches = x.reshaped(to: [batch, channels, rows, size, columns, size]).permuted([0, 2, 4, 1, 3, 5])
    return projection(patches.reshaped(to: [batch, rows * columns, channels * size * size]))
  }
}
