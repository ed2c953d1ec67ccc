// Converts images to the input of vision models. Read first: Image+Resizing.swift.
// Read next: ImageProcessor+Configuration.swift, which reads published settings.

import ApusBase
public import ApusMedia
public import ApusTensor

/// Resizes, crops, rescales and normalizes images, in this order. Each step is optional.
///
/// ```swift
/// let processor = try ImageProcessor(contentsOf: folder.appendingPathComponent("preprocessor_config.json"))
/// let pixels = processor([try Image(contentsOf: photo)])        // [1, 3, 224, 224]
/// ```
public struct ImageProcessor: Sendable, Equatable {
  /// The size that images are resized to.
  public enum Size: Sendable, Equatable {
    /// Exactly this size, without regard to the aspect ratio.
    case exact(width: Int, height: Int)
    /// The shorter edge gets this length; the aspect ratio is kept.
    case shortestEdge(Int)
  }

  /// The size of the center crop.
  public struct Crop: Sendable, Equatable {
    /// The number of columns.
    public var width: Int
    /// The number of rows.
    public var height: Int

    /// A center crop of this size.
    public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
  }

  /// The size that images are resized to; nil if they keep their size.
  public var size: Size?
  /// The filter for resizing.
  public var resampling: Resampling
  /// The center crop; nil if there is none.
  public var crop: Crop?
  /// The factor for all samples; nil if they stay in 0 ... 255.
  public var scale: Float?
  /// The mean of each channel, which is subtracted. Images are converted to this number of channels.
  public var mean: [Float]
  /// The standard deviation of each channel, by which the difference is divided.
  public var standardDeviation: [Float]

  /// A processor with these settings.
  ///
  /// - Precondition: there are one to four means, and as many standard deviations.
  public init(
    size: Size?, resampling: Resampling = .bilinear, crop: Crop? = nil, scale: Float? = 1 / 255,
    mean: [Float] = [0.5, 0.5, 0.5], standardDeviation: [Float] = [0.5, 0.5, 0.5]
  ) {
    require(
      (1...4).contains(mean.count) && mean.count == standardDeviation.count,
      "ImageProcessor: \(mean.count) means and \(standardDeviation.count) deviations (expected 1 to 4 of each)")
    (self.size, self.resampling, self.crop, self.scale) = (size, resampling, crop, scale)
    (self.mean, self.standardDeviation) = (mean, standardDeviation)
  }

  /// CLIP's settings: the shorter edge is resized to `size` with the bicubic filter, then comes a square center crop
  /// and the normalization with the statistics of CLIP's training images.
  public static func clip(size: Int) -> ImageProcessor {
    ImageProcessor(
      size: .shortestEdge(size), resampling: .bicubic, crop: Crop(width: size, height: size),
      mean: [0.48145466, 0.4578275, 0.40821073], standardDeviation: [0.26862954, 0.26130258, 0.27577711])
  }

  /// The output size; nil if it depends on the image.
  public var outputSize: (width: Int, height: Int)? {
    if let crop { return (crop.width, crop.height) }
    if case .exact(let width, let height) = size { return (width, height) }
    return nil
  }

  /// The image as a tensor: (sample · scale − mean) / standard deviation.
  ///
  /// - Returns: [channels, height, width]
  public func callAsFunction(_ image: Image) -> Tensor {
    let image = prepared(image)
    let plane = image.width * image.height
    return Tensor(uninitialized: [image.channels, image.height, image.width]) { target in
      for channel in 0..<image.channels {
        let (mean, deviation) = (mean[channel], standardDeviation[channel])
        for pixel in 0..<plane {
          let sample = Float(image.samples[pixel * image.channels + channel])
          target[channel * plane + pixel] = ((scale.map { sample * $0 } ?? sample) - mean) / deviation
        }
      }
    }
  }

  /// A batch of images as one tensor.
  ///
  /// - Returns: [batch, channels, height, width]
  /// - Precondition: there is at least one image, and all have the same size after resizing and cropping.
  public func callAsFunction(_ images: [Image]) -> Tensor {
    require(!images.isEmpty, "ImageProcessor: no images")
    let tensors = images.map { self($0) }
    return concatenated(tensors.map { $0.reshaped(to: Shape([1] + Array($0.shape))) }, along: 0)
  }

  /// The image with the channels and size that the model expects, still with 8-bit samples.
  public func prepared(_ image: Image) -> Image {
    let image = image.converted(toChannels: mean.count)
    var (width, height) = (image.width, image.height)
    switch size {
    case nil: break
    case .exact(let newWidth, let newHeight): (width, height) = (newWidth, newHeight)
    case .shortestEdge(let edge):
      let short = min(width, height)
      (width, height) = (width == short ? edge : edge * width / short, height == short ? edge : edge * height / short)
    }
    guard let crop else { return image.resized(width: width, height: height, resampling) }
    // The crop may keep only a small part of a long, narrow image, so only that part is computed.
    func middle(_ length: Int, _ kept: Int) -> Range<Int> {
      let first = max(0, (length - kept) >> 1)
      return first..<min(length, first + kept)
    }
    let part = (middle(width, crop.width), middle(height, crop.height))
    return image.resized(width: width, height: height, resampling, keeping: part)
      .centerCropped(width: crop.width, height: crop.height)
  }
}
