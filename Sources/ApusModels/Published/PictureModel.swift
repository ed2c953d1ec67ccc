// Models that look at pictures, and how their folders say what pictures must be like.
// Read first: ApusData/Images/ImageProcessor.swift, PublishedModel.swift.

public import ApusData
public import Foundation

/// A model whose input is a picture of one size.
public protocol PictureModel: PublishedModel {
  /// Pixels of a picture's edge.
  var imageSize: Int { get }
  /// Numbers of a pixel.
  var imageChannels: Int { get }
  /// How pictures are prepared where the folder says nothing.
  var standardProcessor: ImageProcessor { get }
}

extension PublishedViT: PictureModel {
  public var imageSize: Int { model.configuration.imageSize }
  public var imageChannels: Int { model.configuration.channels }

  /// Resized to the model's size; from −1 to 1.
  public var standardProcessor: ImageProcessor {
    let half = [Float](repeating: 0.5, count: imageChannels)
    return ImageProcessor(size: .exact(width: imageSize, height: imageSize), mean: half, standardDeviation: half)
  }
}

extension CLIP: PictureModel {
  public var imageSize: Int { configuration.vision.imageSize }
  public var imageChannels: Int { configuration.vision.channels }

  /// The middle of the picture, with the means and deviations of the photos that CLIP was trained on.
  public var standardProcessor: ImageProcessor { .clip(size: imageSize) }
}

extension PictureModel {
  /// What the folder that this model comes from says about pictures.
  ///
  /// That is `preprocessor_config.json`; without it the fields `mean` and `std` of `config.json`; without those
  /// `standardProcessor`.
  ///
  /// - Throws: a file is unsound, or describes pictures of another size or other channels than the model's.
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
      problems.append(.init(place: "size, crop_size", expected: expected, found: "sizes that depend on the picture"))
    }
    if processor.mean.count != imageChannels {
      problems.append(
        .init(place: "image_mean", expected: "\(imageChannels) channels", found: "\(processor.mean.count)"))
    }
    guard problems.isEmpty else { throw FileFormatError(path: path, problems: problems) }
    return processor
  }
}
