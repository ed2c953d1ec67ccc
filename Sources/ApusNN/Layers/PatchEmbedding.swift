// Pictures as sequences of vectors. Read first: Linear.swift. Read next: ApusModels/ViT/ViT.swift.

import ApusBase
public import ApusTensor

/// Cuts pictures into square patches and maps the pixels of each to a vector (Dosovitskiy et al., arXiv:2010.11929, section
/// 3.1).
///
/// It is a convolution whose stride is its kernel's size: no pixel belongs to two patches, so each patch is one row of a
/// matrix product, and the weight is the convolution's with its last three axes seen as one.
public final class PatchEmbedding: Layer {
  /// Pixels of a patch's edge.
  public let size: Int
  /// Numbers of a pixel.
  public let channels: Int
  /// [width, channels · size · size]
  public let projection: Linear

  /// - Parameters:
  ///   - size: pixels of a patch's edge.
  ///   - channels: numbers of a pixel.
  ///   - width: features of a patch.
  public init(size: Int, channels: Int, width: Int, bias: Bool = true) {
    (self.size, self.channels) = (size, channels)
    projection = Linear(channels * size * size, width, bias: bias)
  }

  /// - Parameter x: [batch, channels, height, width of the picture]
  /// - Returns: [batch, patches, features], row after row.
  /// - Precondition: height and width are multiples of the patch's edge.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shape = x.shape
    require(
      shape.rank == 4 && shape[1] == channels && shape[2] % size == 0 && shape[3] % size == 0,
      "PatchEmbedding: pictures \(shape) in patches of \(size) (expected [batch, \(channels), multiples of \(size)])")
    let (batch, rows, columns) = (shape[0], shape[2] / size, shape[3] / size)
    let patches = x.reshaped(to: [batch, channels, rows, size, columns, size]).permuted([0, 2, 4, 1, 3, 5])
    return projection(patches.reshaped(to: [batch, rows * columns, channels * size * size]))
  }
}
