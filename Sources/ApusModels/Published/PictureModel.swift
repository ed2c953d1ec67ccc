// Models that take images, and the preprocessing that their folders describe.
// Read first: ApusData/Images/ImageProcessor.swift, PublishedModel.swift.

public import ApusData
public import Foundation

/// A model that takes images of one size.
public protocol ImageModel: PublishedModel {
  /// The edge length of an image in pixels.
  var imageSize: Int { get }
  /// The number of channels.
  var imageChannels: Int { get }
  /// The preprocessing of images if the folder describes none.
  var standardProcessor: ImageProcessor { get }
}

extension PublishedViT: ImageModel {
  public var imageSize: Int { model.configuration.imageSize }
  public var imageChannels: Int { model.configuration.channels }

  /// Images are resized to the model's size, with values from −1 to 1.
  public var standardProcessor: ImageProcessor {
    let half = [Float](repeating: 0.5, count: imageChannels)
    return ImageProcessor(size: .exact(width: imageSize, height: imageSize), mean: half, standardDeviation: half)
  }
}

extension CLIP: ImageModel {
  public var imageSize: Int { configuration.vision.imageSize }
  public var imageChannels: Int { configuration.vision.channels }

  /// Images are cropped at the center, and normalized with the means and standard deviations of the training images of CLIP.
  public var standardProcessor: ImageProcessor { .clip(size: imageSize) }
}

extension ImageModel {
  /// The preprocessing of images that the model's folder describes.
  ///
  /// It is read from `preprocessor_config.json`, or else from the fields `mean` and `std` of `config.json`; without these it is
  /// `standardProcessor`.
  ///
  /// - Throws: a file is invalid, or describes images with another size or number of channels than the model takes.
  public func processor(inFolder folder: URL) throws(FileFormatError) -> ImageProcessor {
    var settings = folder.appendingPathComponent("preprocessor_config.json")
    let newer = folder.appendingPathComponent("processor_config.json")
    if !FileManager.default.fileExists(atPath: settings.path), FileManager.default.fileExists(atPath: newer.path),
      try ConfigurationReader(contentsOf: newer).has("image_processor")
    {
      settings = newer
    }
    var processor = standardProcessor
    var path = settings.path
    if FileManager.default.fileExists(atPath: settings.path) {
      processor = try ImageProcessor(contentsOf: settings)
    } else {
      let file = try ConfigurationReader(contentsOf: folder.appendingPathComponent("config.json"))
      path = file.path
      if let mean = file.numbers("mean"), let deviation = file.numbers("std") {
        try file.check()
        guard (1...4).contains(mean.count), mean.count == deviation.count, !deviation.contains(0) else {
          throw FileFormatError(
            path: path, place: "mean, std", expected: "as many means as deviations other than 0", found: "others")
        }
        processor.mean = mean
        processor.standardDeviation = deviation
      }
    }
    var problems: [FileFormatError.Problem] = []
    let expected = "\(imageSize) × \(imageSize), as in config.json"
    if let size = processor.outputSize, size != (imageSize, imageSize) {
      problems.append(.init(place: "size, crop_size", expected: expected, found: "\(size.width) × \(size.height)"))
    } else if processor.outputSize == nil {
      problems.append(.init(place: "size, crop_size", expected: expected, found: "sizes that depend on the image"))
    }
    if processor.mean.count != imageChannels {
      problems.append(
        .init(place: "image_mean", expected: "\(imageChannels) channels", found: "\(processor.mean.count)"))
    }
    guard problems.isEmpty else { throw FileFormatError(path: path, problems: problems) }
    return processor
  }
}
