// From a picture to the numbers that a vision model expects. Read first: Image+Resizing.swift.
// Read next: ImageProcessor+Configuration.swift, which reads published settings.

import ApusBase
public import ApusMedia
public import ApusTensor

/// Resizes, crops, scales and normalizes pictures, in this order; each step may be absent.
///
/// ```swift
/// let processor = try ImageProcessor(contentsOf: folder.appendingPathComponent("preprocessor_config.json"))
/// let pixels = processor([try Image(contentsOf: photo)])        // [1, 3, 224, 224]
/// ```
public struct ImageProcessor: Sendable, Equatable {
  /// What pictures are resized to.
  public enum Size: Sendable, Equatable {
    /// Exactly these, whatever becomes of the proportions.
    case exact(width: Int, height: Int)
    /// The shorter edge becomes this long, the longer one in proportion.
    case shortestEdge(Int)
  }

  /// The part around the centre that is kept.
  public struct Crop: Sendable, Equatable {
    /// Columns.
    public var width: Int
    /// Rows.
    public var height: Int

    public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
  }

  /// Nil: pictures keep their sizes.
  public var size: Size?
  /// How they are resized.
  public var resampling: Resampling
  /// Nil: all of the picture.
  public var crop: Crop?
  /// Samples are multiplied by this; nil: they stay from 0 to 255.
  public var scale: Float?
  /// Subtracted from each channel; pictures are converted to so many channels.
  public var mean: [Float]
  /// What each channel is divided by then.
  public var standardDeviation: [Float]

  /// - Precondition: one to four means, and as many deviations.
  public init(
    size: Size?, resampling: Resampling = .bilinear, crop: Crop? = nil, scale: Float? = 1 / 255,
    mean: [Float] = [0.5, 0.5, 0.5], standardDeviation: [Float] = [0.5, 0.5, 0.5]
  ) {
    require(
      (1...4).contains(mean.count) && mean.count == standardDeviation.count,
      "ImageProcessor: \(mean.count) means and \(standardDeviation.count) deviations (expected as many, one to four)")
    (self.size, self.resampling, self.crop, self.scale) = (size, resampling, crop, scale)
    (self.mean, self.standardDeviation) = (mean, standardDeviation)
  }

  /// CLIP's: the shorter edge to `size`, bicubic, the middle square, and the means and deviations of its photos.
  public static func clip(size: Int) -> ImageProcessor {
    ImageProcessor(
      size: .shortestEdge(size), resampling: .bicubic, crop: Crop(width: size, height: size),
      mean: [0.48145466, 0.4578275, 0.40821073], standardDeviation: [0.26862954, 0.26130258, 0.27577711])
  }

  /// The sizes that every picture comes to; nil if they depend on the picture.
  public var outputSize: (width: Int, height: Int)? {
    if let crop { return (crop.width, crop.height) }
    if case .exact(let width, let height) = size { return (width, height) }
    return nil
  }

  /// A picture as numbers: (sample · scale − mean) / deviation.
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

  /// Pictures as one tensor.
  ///
  /// - Returns: [batch, channels, height, width]
  /// - Precondition: at least one picture, and all of one size after resizing and cropping.
  public func callAsFunction(_ images: [Image]) -> Tensor {
    require(!images.isEmpty, "ImageProcessor: no images")
    let tensors = images.map { self($0) }
    return concatenated(tensors.map { $0.reshaped(to: Shape([1] + Array($0.shape))) }, along: 0)
  }

  /// The picture in the channels and sizes that the model expects, still in whole numbers.
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
    // Of a long narrow picture the crop keeps little: only that is computed.
    func middle(_ length: Int, _ kept: Int) -> Range<Int> {
      let first = max(0, (length - kept) >> 1)
      return first..<min(length, first + kept)
    }
    let part = (middle(width, crop.width), middle(height, crop.height))
    return image.resized(width: width, height: height, resampling, keeping: part)
      .centerCropped(width: crop.width, height: crop.height)
  }
}
